"""What the default recipe reaches, cell by cell, over seeds: `python scripts/benchmarks/quality.py`."""

import csv
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.reporting.sweep import Row, rows
from patterngan.validation import UsageError
from scripts.benchmarks.harness import TRAIN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KS = (2, 3, 5, 7, 11)


@dataclass(frozen=True)
class Cell:
    """A row of the table: a pattern in an encoding, and its bars of tv."""

    name: str
    overrides: tuple[str, ...]
    median_tv: float = 0.01
    worst_tv: float = 0.02


CELLS = (
    *(Cell(f"onehot-{k}", ("encoding=onehot", f"pattern.k={k}")) for k in KS),
    *(Cell(f"binary-{k}", ("encoding=binary", f"pattern.k={k}")) for k in KS),
    Cell("binary-1000", ("encoding.capacity=2000",), 0.03, 0.03),
    Cell("onehot-1000", ("encoding=onehot", "pattern.k=5", "encoding.capacity=5000"), 0.03, 0.03),
)
"""The table; its last two rows have the thousand modes of the mode-coverage papers."""

FIGURES = ("validity", "tv", "kl", "forward_kl")
"""Metrics of the table, all exact."""


@dataclass(frozen=True)
class CellResult:
    """The trained runs of a cell."""

    cell: Cell
    runs: list[Row]
    seconds: float
    """The wall time of the whole command."""

    def figures(self, name: str) -> list[float]:
        """Returns a metric of every run, best first; where it is missing or infinite, as infinitely bad."""
        worst = 0.0 if name == "validity" else float("inf")
        values = [run.metrics.get(name) for run in self.runs]
        return sorted((worst if value is None else value for value in values), reverse=name == "validity")

    @property
    def misses(self) -> list[str]:
        """The names of the bars that are missed."""
        worst = {name: self.figures(name)[-1] for name in FIGURES}
        bars = {
            "worst validity ≥ 0.999": worst["validity"] >= 0.999,
            f"median tv ≤ {self.cell.median_tv}": statistics.median(self.figures("tv")) <= self.cell.median_tv,
            f"worst tv ≤ {self.cell.worst_tv}": worst["tv"] <= self.cell.worst_tv,
            "worst kl ≤ 0.002": worst["kl"] <= 0.002,
            "worst forward_kl ≤ 0.002": worst["forward_kl"] <= 0.002,
        }
        return [bar for bar, is_reached in bars.items() if not is_reached]

    def line(self) -> str:
        """Returns a row of the printed table: of each metric the median seed and, in brackets, the worst."""
        words = [f"{self.cell.name:12}"]
        for name in FIGURES:
            values = self.figures(name)
            words.append(median_and_worst(values))
        steps = max(int(run.result.get("steps") or 0) for run in self.runs)
        return "".join([*words, f"{steps:7}{self.seconds:6.0f}  ", ", ".join(self.misses) or "reached"])


def median_and_worst(values: Sequence[float]) -> str:
    """Returns a column of a row: of the values of all seeds, best first, the median and, in brackets, the worst."""
    return f"{statistics.median(values):.4f} ({values[-1]:.4f})".rjust(18)


def train_cell(cell: Cell, seeds: int, overrides: Sequence[str], folder: Path) -> CellResult:
    """Trains a cell's seeds as one fused sweep, with the command that a user would type.

    Raises:
        UsageError: if the folder exists, or the command cannot start.
    """
    line = [*TRAIN, "-m", *cell.overrides, f"seed=range(0,{seeds})", *overrides, f"hydra.sweep.dir={folder}"]
    start = time.perf_counter()
    if folder.exists():
        raise UsageError(f"--output: {folder} exists; choose another folder, so that nothing old is taken for new")
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode == 2 or not folder.is_dir():
        raise UsageError(f"{' '.join(line)}: exit code {done.returncode}: {done.stderr.strip()}")
    return CellResult(cell, rows(folder), time.perf_counter() - start)


def write_csv(path: Path, results: Sequence[CellResult]) -> None:
    """Writes a row for every seed of every cell."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["cell", "run", "status", *FIGURES, "steps", "cell_seconds"])
        for result in results:
            for run in result.runs:
                metrics = [run.metrics.get(name) for name in FIGURES]
                steps, seconds = run.result.get("steps"), round(result.seconds, 1)
                writer.writerow([result.cell.name, run.name, run.status, *metrics, steps, seconds])


def draw(results: Sequence[CellResult]) -> "Figure":
    """Draws every seed of all cells; of the validity what is missing to 1."""
    from patterngan.reporting.charts import spread

    panels = {name: [result.figures(name) for result in results] for name in FIGURES if name != "validity"}
    panels["1 - validity"] = [[1 - validity for validity in result.figures("validity")] for result in results]
    return spread([result.cell.name for result in results], panels)


def quality(seeds: int, names: Sequence[str], overrides: Sequence[str], folder: Path) -> None:
    """Trains and prints the table, and writes it into `folder` as quality.csv and quality.png.

    Raises:
        UsageError: for an unknown cell, or a folder that holds a cell already.
    """
    known = {cell.name: cell for cell in CELLS}
    if unknown := sorted(set(names) - set(known)):
        raise UsageError(f"--cells {unknown[0]}: must be of {', '.join(known)}")
    folder.mkdir(parents=True, exist_ok=True)
    print("median seed (worst seed)")
    print("".join(["cell".ljust(12), *(name.rjust(18) for name in FIGURES), "  steps", "     s  ", "bars missed"]))
    results = []
    for cell in [known[name] for name in names] or CELLS:
        results.append(train_cell(cell, seeds, overrides, folder / cell.name))
        print(results[-1].line(), flush=True)
    write_csv(folder / "quality.csv", results)
    draw(results).savefig(folder / "quality.png", dpi=150)
    print(f"every seed in {folder / 'quality.csv'}, {folder / 'quality.png'}")


def table_arguments(description: str | None, output: Path, cells: str) -> Namespace:
    """Parses the command line of a table over seeds: `seeds`, `cells`, `overrides`, and `output`, a folder."""
    parser = OneLineParser(description=description)
    parser.add_argument("--seeds", type=positive, default=10, help="runs in a cell (10)")
    parser.add_argument("--cells", nargs="+", default=[], help=cells)
    parser.add_argument("--overrides", nargs="+", default=[], help="other settings than the recipe's")
    parser.add_argument("--output", type=Path, default=output, help=f"a folder ({output})")
    return parser.parse_args()


def main() -> None:
    """Parses the command line, then trains."""
    arguments = table_arguments(__doc__, Path("outputs/quality"), "only these rows of the table")
    quality(arguments.seeds, arguments.cells, arguments.overrides, arguments.output)


if __name__ == "__main__":
    script(main)
