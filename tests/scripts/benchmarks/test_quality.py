import pytest

from patterngan.reporting.sweep import Row
from scripts.benchmarks.quality import CELLS, Cell, CellResult, draw, write_csv


def row(name, **metrics):
    standard = {"validity": 1.0, "modes": 20, "support": 20, "tv": 0.02, "tv_floor": 0.02, "kl": 0.01}
    return Row(name, {}, "completed", {"steps": 30, "metrics": standard | metrics})


CELL = Cell("onehot-5", (), highest_kl=0.029)
GOOD = [row(str(seed)) for seed in range(3)]


def test_a_cell_that_reaches_every_bar():
    assert CellResult(CELL, GOOD, 1.0).misses == []


@pytest.mark.parametrize(
    ("runs", "missed"),
    [
        ([*GOOD[:2], row("2", validity=0.97)], ["worst validity ≥ 0.98"]),
        ([*GOOD[:2], row("2", modes=18)], ["worst modes ≥ 95%"]),
        ([row("0", tv=0.04), row("1", tv=0.031), GOOD[0]], ["median tv ≤ 1.5 floors"]),
        ([row("0", kl=0.04), row("1", kl=None), GOOD[0]], ["median kl ≤ 0.029"]),
        ([row("0", validity=0.99), row("1", validity=0.994), GOOD[0]], ["median validity ≥ 0.995"]),
        ([row("0", modes=19), row("1", modes=19), GOOD[0]], ["every mode"]),
        ([*GOOD[:2], Row("2", {}, "diverged", {})], ["worst validity ≥ 0.98", "worst modes ≥ 95%"]),
    ],
)
def test_every_bar_can_be_missed(runs, missed):
    assert CellResult(CELL, runs, 1.0).misses == missed


def test_a_line_gives_the_median_and_the_worst_seed():
    runs = [*GOOD[:2], row("2", validity=0.5, modes=7, tv=0.1, kl=0.3)]
    words = CellResult(CELL, runs, 61.4).line().split()
    assert words[:7] == ["onehot-5", "1.000", "(0.500)", "20/20", "(7)", "1.000", "(5.000)"]
    assert words[7:11] == ["0.010", "(0.300)", "30", "61"]


def test_the_csv_has_every_seed(tmp_path):
    write_csv(tmp_path / "q.csv", [CellResult(CELL, [*GOOD, Row("3", {}, "failed", {})], 2.0)])
    lines = (tmp_path / "q.csv").read_text().splitlines()
    assert len(lines) == 5
    assert lines[1] == "onehot-5,0,completed,1.0,20.0,1.0,0.01,20,30,2.0"
    assert lines[4].startswith("onehot-5,3,failed,,")


def test_the_chart_shows_every_seed():
    figure = draw([CellResult(CELL, [*GOOD[:2], row("2", modes=18)], 1.0)])
    assert [axes.get_title() for axes in figure.axes] == ["validity", "tv/floor", "kl", "missing modes"]
    assert list(figure.axes[3].lines[0].get_xdata()) == [0, 0, 2]


def test_the_table_has_the_cells_of_the_default_recipe_without_settings_of_their_own():
    allowed = {"encoding", "pattern.k", "encoding.capacity", "evaluation.samples", "architecture.width"}
    assert {override.partition("=")[0] for cell in CELLS for override in cell.overrides} <= allowed
    assert len(CELLS) == 12
