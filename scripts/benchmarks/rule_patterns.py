"""What `experiment=rule` reaches on digits and on parity, over seeds: `python scripts/benchmarks/rule_patterns.py`.

Fidelity, unseen_coverage and forward_kl are exact at the training length; longer codes are 10 000 samples.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.cli import script
from scripts.benchmarks.tables import Bar, Cell, Table, fill, table_arguments

FIGURES = ("fidelity", "unseen_coverage", "forward_kl", "validity_10", "validity_40")
"""Metrics of the table."""

RECIPE = "experiment=rule", "evaluate_every=${steps}"
DIGITS = "encoding=digits", "encoding.base=10", "encoding.capacity=10000", "encoding.lengths=all"
PARITY = "pattern=parity", "~pattern.k", "encoding.capacity=65536", "pattern.holdout=0.8", "evaluation.lengths=[40]"


def digits(k: int) -> Cell:
    """The recipe on decimal multiples of k below 10 000, half of them shown."""
    bars = Bar("fidelity", "median", 0.95), Bar("validity_10", "median", 0.95)
    return Cell(f"digits-{k}", (*RECIPE, *DIGITS, f"pattern.k={k}", "evaluation.lengths=[10]"), bars)


CELLS = {
    "decimal digits, multiples of 7": digits(7),
    "decimal digits, multiples of 3": digits(3),
    "parity of 16 bits, fifth shown": Cell(
        "parity", (*RECIPE, *PARITY), (Bar("fidelity", "median", 0.99), Bar("validity_40", "median", 0.95))
    ),
}
"""The rows of the table."""


def main() -> None:
    """Parses the command line, then trains."""
    arguments = table_arguments(__doc__, Path("outputs/rule_patterns"), "only these rows")
    fill(Table("rule_patterns", "pattern", FIGURES, CELLS), arguments)


if __name__ == "__main__":
    script(main)
