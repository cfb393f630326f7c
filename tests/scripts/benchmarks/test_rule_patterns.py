import pytest

from patterngan.evaluation.longer import name_at
from patterngan.runs.assembly import run_spec
from scripts.benchmarks.rule_patterns import CELLS, FIGURES


def test_rows_have_folders_of_their_own():
    assert len({cell.name for cell in CELLS.values()}) == len(CELLS) == 3


@pytest.mark.parametrize("cell", CELLS.values(), ids=lambda cell: cell.name)
def test_the_overrides_of_a_row_go_together_and_its_bars_are_measured(config, cell):
    spec = run_spec(config(*cell.overrides))
    measured = {"fidelity", "forward_kl", "unseen_coverage", *map(name_at, spec.lengths)}
    assert {bar.name for bar in cell.bars} <= measured & set(FIGURES)
    assert spec.config.evaluate_every == spec.config.steps
