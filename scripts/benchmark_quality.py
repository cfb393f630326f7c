"""What the default recipe reaches, cell by cell, over ten seeds; `python scripts/benchmark.py quality` runs it."""

import csv
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from patterngan import CONF
from patterngan.reporting.sweep import Row, rows
from patterngan.validation import UsageError

KS = (2, 3, 5, 7, 11)


@dataclass(frozen=True)
class Cell:
    """One row of the table: a pattern in an encoding, and what a run must reach there."""

    name: str
    overrides: tuple[str, ...]
    highest_tv: float = 1.5
    """Times the floor, of the median seed."""
    highest_kl: float | None = None
    """Of the median seed."""


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
"""The table, and the thousand modes of the mode-coverage papers, evaluated with their 26 000 samples."""

FIGURES = ("validity", "modes", "tv/floor", "kl")


@dataclass(frozen=True)
class Found:
    """What became of a cell."""

    cell: Cell
    runs: list[Row]
    seconds: float
    """Of the whole command."""

    def figures(self, name: str) -> list[float]:
        """A figure of every run, best first; infinitely bad for runs that did not complete."""
        worst = 0.0 if name in ("validity", "modes") else float("inf")
        found = [self.figure(run, name) if run.status == "completed" else worst for run in self.runs]
        return sorted(found, reverse=name in ("validity", "modes"))

    def figure(self, run: Row, name: str) -> float:
        """A figure of a run that completed."""
        if name == "tv/floor":
            tv, floor = run.metrics.get("tv"), run.metrics.get("tv_floor")
            return tv / floor if tv is not None and floor else float("inf")  # an exact evaluation has no floor
        figure = run.metrics.get(name)
        return float("inf") if figure is None else float(figure)

    @property
    def support(self) -> int:
        """How many modes there are."""
        return max((int(run.metrics["support"]) for run in self.runs if run.status == "completed"), default=0)

    @property
    def misses(self) -> list[str]:
        """The bars that were not reached."""
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
        return [bar for bar, reached in bars.items() if not reached]


def measured(cell: Cell, seeds: int, overrides: Sequence[str], folder: Path) -> Found:
    """Trains a cell's seeds as one fused sweep, by the command that a user would type."""
    line = [sys.executable, str(CONF.parent / "train.py"), "-m", *cell.overrides, f"seed=range(0,{seeds})", *overrides]
    start = time.perf_counter()
    if folder.exists():
        raise UsageError(f"--output: {folder} exists; choose another folder, so that nothing old is taken for new")
    done = subprocess.run([*line, f"hydra.sweep.dir={folder}"], capture_output=True, text=True, check=False)
    if done.returncode == 2 or not folder.is_dir():
        raise UsageError(f"{' '.join(line)}: exit code {done.returncode}: {done.stderr.strip()}")
    return Found(cell, rows(folder), time.perf_counter() - start)


def line(found: Found) -> str:
    """A row of the printed table."""
    words = [f"{found.cell.name:12}"]
    for name in FIGURES:
        values = found.figures(name)
        digits, of = (0, f"/{found.support}") if name == "modes" else (3, "")
        words.append(f"{statistics.median(values):.{digits}f}{of} ({values[-1]:.{digits}f})".rjust(17))
    steps = max(int(run.result.get("steps") or 0) for run in found.runs)
    return "".join([*words, f"{steps:7}{found.seconds:6.0f}  ", ", ".join(found.misses) or "reached"])


def write_csv(path: Path, everything: Sequence[Found]) -> None:
    """Every seed of every cell."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["cell", "run", "status", *FIGURES, "support", "steps", "cell_seconds"])
        for found in everything:
            for run in found.runs:
                ended = run.status == "completed"
                figures = [found.figure(run, name) if ended else "" for name in FIGURES]
                steps, seconds = run.result.get("steps"), round(found.seconds, 1)
                writer.writerow([found.cell.name, run.name, run.status, *figures, found.support, steps, seconds])


def quality(seeds: int, cells: Sequence[str], overrides: Sequence[str], folder: Path) -> None:
    """Prints the table, median and worst seed, and writes it into `folder` as quality.csv and quality.png.

    Raises:
        UsageError: for a cell that there is not, or a folder that holds something.
    """
    known = {cell.name: cell for cell in CELLS}
    if unknown := sorted(set(cells) - set(known)):
        raise UsageError(f"--cells {unknown[0]}: must be of {', '.join(known)}")
    folder.mkdir(parents=True, exist_ok=True)
    print("median seed (worst seed)")
    print("".join(["cell".ljust(12), *(name.rjust(17) for name in FIGURES), "  steps", "     s  ", "bars missed"]))
    everything = []
    for cell in [known[name] for name in cells] or CELLS:
        everything.append(measured(cell, seeds, overrides, folder / cell.name))
        print(line(everything[-1]), flush=True)
    write_csv(folder / "quality.csv", everything)
    from patterngan.reporting.figures import quality as drawn

    figures = {name: {found.cell.name: found.figures(name) for found in everything} for name in FIGURES}
    drawn(figures, {found.cell.name: found.support for found in everything}).savefig(folder / "quality.png", dpi=150)
    print(f"every seed in {folder / 'quality.csv'}, {folder / 'quality.png'}")
