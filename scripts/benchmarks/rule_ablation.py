"""What each part of `experiment=rule` does, over seeds: `python scripts/benchmarks/rule_ablation.py`.

Every row changes one part of the recipe by overrides. The metrics are those of rule.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.cli import script
from scripts.benchmarks.rule import FIGURES, multiples
from scripts.benchmarks.tables import Table, fill, table_arguments

LIKELIHOOD = "objective=maximum_likelihood"

PARTS = {
    "everything": (),
    "gated cells": ("architecture=gated",),
    "transformers": ("architecture=transformer",),
    "no noise in D": ("architecture.noise=0",),
    "no noise": ("architecture.noise=0", "architecture.generator.noise=0"),
    "one length": ("encoding.lengths=full",),
    "width 16": ("architecture.width=16",),
    "likelihood": (LIKELIHOOD,),
    "likelihood, gated": (LIKELIHOOD, "architecture=gated"),
    "likelihood, transformer": (LIKELIHOOD, "architecture=transformer"),
}
"""What is different from the recipe, and the overrides that make it so."""

CELLS = {
    f"{k}, {part}": multiples(k, part.replace(",", "").replace(" ", "-"), *overrides)
    for part, overrides in PARTS.items()
    for k in (3, 5, 7)
}
"""The rows of the table, which have no bars."""


def main() -> None:
    """Parses the command line, then trains."""
    rows = "only these rows, such as '3, everything' '3, gated cells'"
    arguments = table_arguments(__doc__, Path("outputs/rule_ablation"), rows)
    fill(Table("rule_ablation", "multiples of", FIGURES, CELLS), arguments)


if __name__ == "__main__":
    script(main)
