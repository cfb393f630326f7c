import pytest

from patterngan.evaluation.longer import name_at
from patterngan.runs.assembly import run_spec
from scripts.benchmarks.rule import FIGURES
from scripts.benchmarks.rule_ablation import CELLS, PARTS


def test_every_part_is_taken_out_for_every_modulus():
    assert len(CELLS) == 3 * len(PARTS)
    assert len({cell.name for cell in CELLS.values()}) == len(CELLS)
    moduli = {word for cell in CELLS.values() for word in cell.overrides if word.startswith("pattern.k=")}
    assert moduli == {"pattern.k=3", "pattern.k=5", "pattern.k=7"}


@pytest.mark.parametrize("part", PARTS)
def test_the_overrides_of_a_row_go_together_and_every_figure_is_measured(config, part):
    spec = run_spec(config(*CELLS[f"5, {part}"].overrides))
    assert spec.config.pattern.k == 5
    assert {name_at(length) for length in spec.lengths} >= {name for name in FIGURES if name.startswith("validity_")}
