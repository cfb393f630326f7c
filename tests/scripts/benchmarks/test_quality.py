import pytest

from patterngan.reporting.sweep import Row
from scripts.benchmarks.quality import CELLS, Cell, CellResult, draw, write_csv


def row(name, **metrics):
    standard = {"validity": 1.0, "tv": 0.01, "kl": 0.001, "forward_kl": 0.001}
    return Row(name, {}, "completed", {"steps": 30, "metrics": standard | metrics})


CELL = Cell("onehot-5", ())
GOOD = [row(str(seed)) for seed in range(3)]


def test_a_cell_that_reaches_every_bar():
    assert CellResult(CELL, GOOD, 1.0).misses == []


@pytest.mark.parametrize(
    ("runs", "missed"),
    [
        ([*GOOD[:2], row("2", validity=0.998)], ["worst validity ≥ 0.999"]),
        ([row("0", tv=0.015), row("1", tv=0.011), GOOD[0]], ["median tv ≤ 0.01"]),
        ([*GOOD[:2], row("2", tv=0.021)], ["worst tv ≤ 0.02"]),
        ([*GOOD[:2], row("2", kl=0.003)], ["worst kl ≤ 0.002"]),
        ([*GOOD[:2], row("2", forward_kl=None)], ["worst forward_kl ≤ 0.002"]),
        (
            [*GOOD[:2], Row("2", {}, "diverged", {})],
            ["worst validity ≥ 0.999", "worst tv ≤ 0.02", "worst kl ≤ 0.002", "worst forward_kl ≤ 0.002"],
        ),
    ],
)
def test_every_bar_can_be_missed(runs, missed):
    assert CellResult(CELL, runs, 1.0).misses == missed


def test_a_line_gives_the_median_and_the_worst_seed():
    runs = [*GOOD[:2], row("2", validity=0.5, tv=0.1, kl=0.3)]
    words = CellResult(CELL, runs, 61.4).line().split()
    assert words[:5] == ["onehot-5", "1.0000", "(0.5000)", "0.0100", "(0.1000)"]
    assert words[5:11] == ["0.0010", "(0.3000)", "0.0010", "(0.0010)", "30", "61"]


def test_a_perfect_metric_is_not_taken_for_a_missing_one():
    assert CellResult(CELL, [row("0", tv=0.0, kl=0.0)], 1.0).figures("tv") == [0.0]


def test_the_csv_has_every_seed(tmp_path):
    write_csv(tmp_path / "q.csv", [CellResult(CELL, [*GOOD, Row("3", {}, "failed", {})], 2.0)])
    lines = (tmp_path / "q.csv").read_text().splitlines()
    assert len(lines) == 5
    assert lines[1] == "onehot-5,0,completed,1.0,0.01,0.001,0.001,30,2.0"
    assert lines[4].startswith("onehot-5,3,failed,,")


def test_the_chart_shows_every_seed():
    figure = draw([CellResult(CELL, [*GOOD[:2], row("2", tv=0.05)], 1.0)])
    assert [axes.get_xlabel() for axes in figure.axes] == ["tv", "kl", "forward_kl", "1 - validity"]
    assert list(figure.axes[0].lines[0].get_xdata()) == [0.01, 0.01, 0.05]


def test_the_table_has_the_cells_of_the_default_recipe_without_settings_of_their_own():
    allowed = {"encoding", "pattern.k", "encoding.capacity"}
    assert {override.partition("=")[0] for cell in CELLS for override in cell.overrides} <= allowed
    assert len(CELLS) == 12
