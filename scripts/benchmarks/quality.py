"""What the default recipe reaches, cell by cell, over seeds: `python scripts/benchmarks/quality.py`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.cli import script
from scripts.benchmarks.tables import Bar, Cell, CellResult, Table, fill, table_arguments

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KS = (2, 3, 5, 7, 11)


def cell(name: str, *overrides: str, median_tv: float = 0.01, worst_tv: float = 0.02) -> Cell:
    """A pattern in an encoding, with its bars."""
    tv = Bar("tv", "median", median_tv), Bar("tv", "worst", worst_tv)
    kl = Bar("kl", "worst", 0.002), Bar("forward_kl", "worst", 0.002)
    return Cell(name, overrides, (Bar("validity", "worst", 0.999), *tv, *kl))


CELLS = (
    *(cell(f"onehot-{k}", "encoding=onehot", f"pattern.k={k}") for k in KS),
    *(cell(f"binary-{k}", "encoding=binary", f"pattern.k={k}") for k in KS),
    cell("binary-1000", "encoding.capacity=2000", median_tv=0.03, worst_tv=0.03),
    cell("onehot-1000", "encoding=onehot", "pattern.k=5", "encoding.capacity=5000", median_tv=0.03, worst_tv=0.03),
)
"""The rows; the last two have the thousand modes of the mode-coverage papers."""

TABLE = Table("quality", "cell", ("validity", "tv", "kl", "forward_kl"), {one.name: one for one in CELLS})
"""All its figures are exact."""


def draw(results: Sequence[CellResult]) -> "Figure":
    """Draws every seed of all cells; of the validity what is missing to 1."""
    from patterngan.reporting.charts import spread

    panels = {name: [result.figures(name) for result in results] for name in TABLE.figures if name != "validity"}
    panels["1 - validity"] = [[1 - validity for validity in result.figures("validity")] for result in results]
    return spread([result.cell.name for result in results], panels)


def main() -> None:
    """Parses the command line, then trains."""
    arguments = table_arguments(__doc__, Path("outputs/quality"), "only these rows of the table")
    picture = arguments.output / "quality.png"
    draw(fill(TABLE, arguments)).savefig(picture, dpi=150)
    print(picture)


if __name__ == "__main__":
    script(main)
