import pytest

from patterngan.runs.assembly import run_spec
from scripts.benchmarks.cardinality import CELLS, FIGURES
from scripts.benchmarks.tables import metric


def test_every_row_has_the_baseline_beside_it():
    assert len({cell.name for cell in CELLS.values()}) == len(CELLS) == 8
    for label, cell in CELLS.items():
        if not label.endswith("likelihood"):
            assert CELLS[f"{label}, likelihood"].overrides == (*cell.overrides, "objective=maximum_likelihood")
            assert {bar.name for bar in cell.bars} <= set(FIGURES)
    assert all(metric(name).better == "higher" for name in FIGURES)


@pytest.mark.parametrize("cell", CELLS.values(), ids=lambda cell: cell.name)
def test_the_overrides_of_a_row_go_together(config, cell):
    spec = run_spec(config(*cell.overrides))
    assert (spec.config.pattern.bits, spec.config.pattern.shown) == tuple(map(int, cell.name.split("-")[:2]))
    assert not spec.lengths
