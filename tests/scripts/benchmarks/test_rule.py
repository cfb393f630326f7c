import pytest

from patterngan.reporting.sweep import Row
from scripts.benchmarks.quality import Cell, CellResult
from scripts.benchmarks.rule import CELLS, HALF, Bar, figures, line

GOOD = {"fidelity": 0.999, "unseen_coverage": 0.999, "forward_kl": 0.001, "validity_40": 0.999, "validity_64": 0.999}


def result(*changes):
    runs = [Row(str(seed), {}, "completed", {"metrics": GOOD | change}) for seed, change in enumerate(changes)]
    return CellResult(Cell("7-half", ()), runs, 41.2)


def missed(found):
    return [str(bar) for bar in HALF if not bar.is_reached(figures(found, bar.name))]


def test_cells_differ_in_the_pattern_and_in_what_is_shown_of_it():
    assert len({one.name for one, _ in CELLS.values()}) == len({one.overrides for one, _ in CELLS.values()}) == 11


@pytest.mark.parametrize(
    ("changes", "misses"),
    [
        ([{}, {}, {}], []),
        ([{}, {}, {"fidelity": 0.97, "validity_40": 0.94}], ["worst fidelity ≥ 0.98", "worst validity_40 ≥ 0.95"]),
        ([{}, {"unseen_coverage": 0.99}, {"unseen_coverage": 0.9}], ["median unseen_coverage ≥ 0.995"]),
        ([{"forward_kl": None}, {"forward_kl": 0.02}, {}], ["median forward_kl ≤ 0.01"]),
        ([{}, {}, {"fidelity": None}], ["worst fidelity ≥ 0.98"]),
    ],
)
def test_every_bar_can_be_missed(changes, misses):
    assert missed(result(*changes)) == misses


def test_a_line_gives_the_median_and_the_worst_seed():
    words = line("7, half shown", result({}, {"forward_kl": 0.2}, {}), [Bar("forward_kl", "worst", 0.1)]).split()
    assert words[:3] == ["7,", "half", "shown"]
    assert words[3:] == [
        *["0.9990", "(0.9990)"] * 2,
        "0.0010",
        "(0.2000)",
        *["0.9990", "(0.9990)"] * 2,
        "41",
        "worst",
        "forward_kl",
        "≤",
        "0.1",
    ]
