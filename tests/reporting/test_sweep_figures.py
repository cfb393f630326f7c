import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterngan.reporting.charts import COLOURS
from patterngan.reporting.events import EventFile
from patterngan.reporting.history import sweep_curves
from patterngan.reporting.sweep import Point, Row, points, rows
from patterngan.reporting.sweep_figures import band, curves_of, setting_names, spread_of
from tests.reporting.test_sweep import run


def finished(name, **overrides):
    return Row(name, overrides, "completed", {})


def record(folder, curves, label="."):
    """Writes tag → step → value into an event file."""
    file = EventFile(folder / label, None)
    for tag, curve in curves.items():
        for step, value in curve.items():
            file.scalars({tag: value}, step)
    file.flush()


@pytest.fixture
def sweep(tmp_path):
    """Two learning rates and three seeds; event files lie in a run's folder or in one of its own."""
    for number in range(6):
        lr, seed = ("1e-3", "1e-2")[number // 3], number % 3
        tv = 0.1 * (number // 3) + 0.01 * seed + 0.1
        run(tmp_path / str(number), overrides=[f"lr={lr}", f"seed={seed}"], validity=1 - tv, tv=tv, tv_floor=0.05)
        curves = {"metrics/tv": {0: 0.9, 50: tv}, "metrics/validity": {0: 0.1, 50: 1 - tv}, "metrics/kl": {0: 1.0}}
        record(tmp_path / str(number), curves | {"losses/generator": {0: 0.7}}, "." if seed else f"lr={lr}")
    return tmp_path


def drawn(sweep):
    runs = rows(sweep)
    return curves_of(sweep_curves(sweep, [row.name for row in runs]), *points(runs))


def test_every_setting_has_a_curve_of_the_main_metrics_the_ranking_one_first(sweep):
    curves = drawn(sweep)
    labels = [re.findall(r">(\w+) \((?:low|high)er is better\)<", figure) for figure in curves.figures]
    assert labels == [["tv"], ["validity"]]
    assert curves.legend == {"lr=1e-3": COLOURS[0], "lr=1e-2": COLOURS[1]}
    assert (curves.others, curves.seeds, curves.has_quartiles) == (0, 3, False)
    for figure in curves.figures:
        assert all(colour in figure for colour in curves.legend.values())


def test_tv_has_its_floor_and_no_other_metric_has_one(sweep):
    tv, validity = drawn(sweep).figures
    assert ">floor<" in tv
    assert ">floor<" not in validity
    assert drawn(sweep).has_floor


def test_an_exact_tv_has_no_floor(tmp_path):
    run(tmp_path / "0", overrides=["seed=0"], tv=0.1, tv_floor=0.0)
    record(tmp_path / "0", {"metrics/tv": {0: 0.5, 9: 0.1}})
    (figure,) = drawn(tmp_path).figures
    assert "floor" not in figure
    assert not drawn(tmp_path).has_floor
    assert drawn(tmp_path).legend == {"all runs": COLOURS[0]}


def test_runs_without_events_and_damaged_ones_leave_the_others_their_curves(sweep):
    (sweep / "1" / "events.out.tfevents.1").mkdir()
    run(sweep / "9", "failed", ["lr=5", "seed=0"], "no")
    assert drawn(sweep).seeds == 3
    assert list(drawn(sweep).legend) == ["lr=1e-3", "lr=1e-2"]


def test_what_is_not_finite_is_left_out(tmp_path):
    run(tmp_path / "0", "diverged", ["seed=0"], "at step 9")
    record(tmp_path / "0", {"metrics/tv": {0: 0.5, 9: float("nan")}, "metrics/validity": {9: float("inf")}})
    assert len(drawn(tmp_path).figures) == 1


def test_a_sweep_without_curves_has_none(tmp_path):
    run(tmp_path / "0", overrides=["seed=0"], tv=0.1)
    assert drawn(tmp_path) is None


def test_settings_beyond_the_colours_are_counted(tmp_path):
    for number in range(len(COLOURS) + 3):
        run(tmp_path / str(number), overrides=[f"lr={number}"], tv=0.1 * number)
        record(tmp_path / str(number), {"metrics/tv": {0: 0.5, 9: 0.1}})
    curves = drawn(tmp_path)
    assert list(curves.legend) == [f"lr={number}" for number in range(len(COLOURS))]
    assert (curves.others, curves.seeds) == (3, 1)


CURVES = st.lists(st.dictionaries(st.integers(0, 5), st.floats(-1e3, 1e3), min_size=1), min_size=1, max_size=7)


@given(CURVES, st.booleans())
def test_a_band_holds_the_last_values_of_its_curves_at_each_step(curves, half):
    found = band(curves, half)
    assert list(found.steps) == sorted({step for curve in curves for step in curve})
    for place, step in enumerate(found.steps):
        last = [
            max((at, value) for at, value in curve.items() if at <= step)[1] for curve in curves if min(curve) <= step
        ]
        low, high = np.percentile(last, [25, 75]) if half else (min(last), max(last))
        assert found.median[place] == pytest.approx(np.median(last))
        assert (found.low[place], found.high[place]) == pytest.approx((low, high))


def test_a_metric_whose_numbers_read_alike_has_no_spread():
    results = [{"metrics": {"tv": tv, "coverage": 1 - tv / 1e6}} for tv in (0.1, 0.2)]
    runs = [Row(str(number), {}, "completed", result) for number, result in enumerate(results)]
    (figure,) = spread_of([], [Point((), runs)])
    assert "tv (lower is better)" in figure


def test_more_than_four_seeds_have_a_band_of_the_middle_half(tmp_path):
    for number in range(5):
        run(tmp_path / str(number), overrides=[f"seed={number}"], tv=0.1)
        record(tmp_path / str(number), {"metrics/tv": {0: 0.5, 9: 0.1 * number}})
    assert drawn(tmp_path).has_quartiles


@pytest.mark.parametrize(
    ("keys", "values", "name"),
    [
        (["objective", "pattern.k"], ("hinge", "3"), "objective=hinge k=3"),
        (["lr", "optimizer.discriminator.lr"], ("1e-3", "0.0274657470476"), "lr=1e-3 discriminator.lr=0.0275"),
        (["a.b.lr", "c.b.lr"], ("1", "2"), "a.b.lr=1 c.b.lr=2"),
        ([], (), "all runs"),
    ],
)
def test_settings_have_short_names_that_stay_apart(keys, values, name):
    assert setting_names(keys, [Point(values, [finished("0")])] * 2) == [name, f"{name} (2)"]
