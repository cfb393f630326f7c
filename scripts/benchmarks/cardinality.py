"""Strings of N bits with N/2 ones, learned from few of them, over seeds: `python scripts/benchmarks/cardinality.py`.

Every row is `experiment=rule`, as a GAN or with its generator trained by maximum likelihood. The metrics are those of
Gili et al. 2022, arXiv 2201.08770: fidelity, rate, and the coverage of strings that were not shown, which depends on
the number of draws: 10 000 for 16 bits, where fidelity and rate are exact, else 100 000.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.cli import script
from scripts.benchmarks.tables import Bar, Cell, Table, fill, table_arguments

FIGURES = ("fidelity", "rate", "unseen_coverage")
"""Metrics of the table."""

RECIPE = (
    "experiment=rule",
    "architecture.cell=orthogonal",
    "steps=2000",
    "evaluate_every=${steps}",
    "~evaluation.lengths",
)
LIKELIHOOD = "objective=maximum_likelihood"

FEW = ("architecture.noise=[[0,0.1],[0.3,0.8]]",)
SOME = "architecture.noise=[[0,0.1],[0.3,0.7],[1,0.4]]", "lr=8e-3"
SLOW = "architecture.generator.noise=[[0,0.1],[0.5,0.1],[1,0]]", "lr=3e-3"
MANY = ("architecture.noise=[[0,0.1],[0.3,0.5],[1,0.1]]", *SLOW, "steps=5000")
LONG = ("architecture.noise=[[0,0.1],[0.3,0.5],[1,0.3]]", *SLOW, "steps=3000")
"""Settings for few, some and many strings, and for long ones.

The fewer are shown, the more noise keeps D from remembering them. Many and long ones need a lower lr, and less noise
on G: else G still makes strings that D knows to be invalid.
"""


def strings(bits: int, shown: int, draws: int, *overrides: str, bars: tuple[Bar, ...] = ()) -> Cell:
    """The recipe on strings of so many bits, of which so many are shown."""
    size = f"pattern.bits={bits}", f"pattern.ones={bits // 2}", f"encoding.capacity={2**bits}"
    pattern = "pattern=cardinality", "~pattern.k", *size, f"pattern.shown={shown}", "pattern.holdout=0"
    name = f"{bits}-{shown}"
    return Cell(name, (*RECIPE, *pattern, f"evaluation.samples={draws}", *overrides), bars)


def published(**limits: float) -> tuple[Bar, ...]:
    """The best published figures, of any model, as bars for the median seed."""
    return tuple(Bar(name, "median", limit) for name, limit in limits.items())


GANS = {
    "16 bits, 129 shown": strings(
        16, 129, 10_000, *FEW, bars=published(fidelity=0.971, rate=0.957, unseen_coverage=0.498)
    ),
    "20 bits, 1848 shown": strings(20, 1848, 100_000, *SOME, bars=published(fidelity=0.994, unseen_coverage=0.411)),
    "20 bits, 18476 shown": strings(
        20, 18476, 100_000, *MANY, bars=published(fidelity=0.999, rate=0.8995, unseen_coverage=0.416)
    ),
    "30 bits, 50000 shown": strings(
        30, 50_000, 100_000, *LONG, bars=published(fidelity=0.995, unseen_coverage=0.00064)
    ),
}
"""The GANs. A perfect generator covers 0.000645 of the strings of 30 bits with 100 000 draws."""


def likelihood(gan: Cell) -> Cell:
    """The generator of a row, trained alone."""
    return Cell(f"{gan.name}-likelihood", (*gan.overrides, LIKELIHOOD))


CELLS = {
    label: cell for name, gan in GANS.items() for label, cell in ((name, gan), (f"{name}, likelihood", likelihood(gan)))
}
"""The rows of the table: each GAN, and its baseline."""


def main() -> None:
    """Parses the command line, then trains."""
    arguments = table_arguments(__doc__, Path("outputs/cardinality"), "only these rows, such as '16 bits, 129 shown'")
    fill(Table("cardinality", "half of them ones", FIGURES, CELLS), arguments)


if __name__ == "__main__":
    script(main)
