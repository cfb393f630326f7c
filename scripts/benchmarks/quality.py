"""What the default recipe reaches, cell by cell, over seeds: `python scripts/benchmarks/quality.py`."""

import csv
import statistics
import subprocess
import sys
import time
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
    """A row of the table: a pattern in an encoding, and the bars of its median seed."""

    name: str
    overrides: tuple[str, ...]
    highest_tv: float = 1.5
    """As a multiple of the floor."""
    highest_kl: float | None = None


CELLS = (
    *(Cell(f"onehot-{k}", ("encoding=onehot", f"pattern.k={k}")) for k in KS),
    *(Cell(f"binary-{k}", ("encoding=binary", f"pattern.k={k}")) for k in KS),
    Cell("binary-1000", ("encoding.capacity=2000", "evaluation.samples=26000"), float("inf"), 0.029),
    Cell(
        "onehot-1000",
        ("encoding=onehot", "pattern.k=5", "encoding.capacity=5000", "evaluation.samples=26000"),
        float("inf"),
        0.029,
    ),
)
"""The table; its last two rows have the thousand modes of the mode-coverage papers and their 26 000 samples."""

FIGURES = ("validity", "modes", "tv/floor", "kl")
HIGHER_IS_BETTER = ("validity", "modes")


@dataclass(frozen=True)
class CellResult:
    """The trained runs of a cell."""

    cell: Cell
    runs: list[Row]
    seconds: float
    """The wall time of the whole command."""

    def figures(self, name: str) -> list[float]:
        """Returns a figure of every run, best first; runs that did not complete count as infinitely bad."""
        worst = 0.0 if name in HIGHER_IS_BETTER else float("inf")
        values = [figure(run, name) if run.status == "completed" else worst for run in self.runs]
        return sorted(values, reverse=name in HIGHER_IS_BETTER)

    @property
    def support(self) -> int:
        """The number of modes."""
        return max((int(run.metrics["support"]) for run in self.runs if run.status == "completed"), default=0)

    @property
    def misses(self) -> list[str]:
        """The names of the bars that are missed."""
        median = {name: statistics.median(self.figures(name)) for name in FIGURES}
        worst = {name: self.figures(name)[-1] for name in FIGURES}
        bars = {
            "median validity ≥ 0.995": median["validity"] >= 0.995,
            "every mode": median["modes"] == self.support > 0,
            f"median tv ≤ {self.cell.highest_tv} floors": median["tv/floor"] <= self.cell.highest_tv,
            "worst validity ≥ 0.98": worst["validity"] >= 0.98,
            "worst modes ≥ 95%": worst["modes"] >= 0.95 * self.support,
        }
        if self.cell.highest_kl is not None:
            bars[f"median kl ≤ {self.cell.highest_kl}"] = median["kl"] <= self.cell.highest_kl
        return [bar for bar, is_reached in bars.items() if not is_reached]

    def line(self) -> str:
        """Returns a row of the printed table: of each figure the median seed and, in brackets, the worst."""
        words = [f"{self.cell.name:12}"]
        for name in FIGURES:
            values = self.figures(name)
            digits, of = (0, f"/{self.support}") if name == "modes" else (3, "")
            words.append(f"{statistics.median(values):.{digits}f}{of} ({values[-1]:.{digits}f})".rjust(17))
        steps = max(int(run.result.get("steps") or 0) for run in self.runs)
        return "".join([*words, f"{steps:7}{self.seconds:6.0f}  ", ", ".join(self.misses) or "reached"])


def figure(run: Row, name: str) -> float:
    """Returns a figure of a completed run; infinity if it was not measured or cannot be."""
    if name == "tv/floor":
        tv, floor = run.metrics.get("tv"), run.metrics.get("tv_floor")
        return tv / floor if tv is not None and floor else float("inf")  # an exact evaluation has no floor
    value = run.metrics.get(name)
    return float("inf") if value is None else float(value)


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
        writer.writerow(["cell", "run", "status", *FIGURES, "support", "steps", "cell_seconds"])
        for result in results:
            for run in result.runs:
                figures = [figure(run, name) if run.status == "completed" else "" for name in FIGURES]
                steps, seconds = run.result.get("steps"), round(result.seconds, 1)
                writer.writerow([result.cell.name, run.name, run.status, *figures, result.support, steps, seconds])


def draw(results: Sequence[CellResult]) -> "Figure":
    """Draws every seed of all cells; modes are drawn as the number that is missing."""
    from patterngan.reporting.figures import spread

    panels = {name: [result.figures(name) for result in results] for name in FIGURES if name != "modes"}
    panels["missing modes"] = [[result.support - modes for modes in result.figures("modes")] for result in results]
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
    print("".join(["cell".ljust(12), *(name.rjust(17) for name in FIGURES), "  steps", "     s  ", "bars missed"]))
    results = []
    for cell in [known[name] for name in names] or CELLS:
        results.append(train_cell(cell, seeds, overrides, folder / cell.name))
        print(results[-1].line(), flush=True)
    write_csv(folder / "quality.csv", results)
    draw(results).savefig(folder / "quality.png", dpi=150)
    print(f"every seed in {folder / 'quality.csv'}, {folder / 'quality.png'}")


def main() -> None:
    """Parses the command line, then trains."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--seeds", type=positive, default=10, help="runs in a cell (10)")
    parser.add_argument("--cells", nargs="+", default=[], help="only these rows of the table")
    parser.add_argument("--overrides", nargs="+", default=[], help="other settings than the default recipe's")
    parser.add_argument("--output", type=Path, default=Path("outputs/quality"), help="a folder (outputs/quality)")
    arguments = parser.parse_args()
    quality(arguments.seeds, arguments.cells, arguments.overrides, arguments.output)


if __name__ == "__main__":
    script(main)
