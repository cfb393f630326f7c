import pytest

from patterngan.runs.assembly import run_spec
from scripts.benchmarks.rule_ablation import CELLS, PARTS


def test_every_part_is_taken_out_for_every_modulus():
    assert len(CELLS) == 3 * len(PARTS)
    assert len({cell.name for cell, _ in CELLS.values()}) == len(CELLS)
    assert {cell.overrides[1] for cell, _ in CELLS.values()} == {"pattern.k=3", "pattern.k=5", "pattern.k=7"}


@pytest.mark.parametrize("part", PARTS)
def test_the_overrides_of_a_row_go_together(config, part):
    cell, _ = CELLS[f"5, {part}"]
    assert run_spec(config(*cell.overrides)).config.pattern.k == 5
