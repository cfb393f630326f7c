"""Tables over seeds: cells that are trained, what is printed and written of them, and the bars that they must reach."""

import csv
import statistics
import subprocess
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from patterngan.arguments import OneLineParser, positive
from patterngan.evaluation.registry import Metric, metric_named
from patterngan.reporting.sweep import Row, rows
from patterngan.validation import UsageError
from scripts.benchmarks.harness import TRAIN


def metric(name: str) -> Metric:
    """The metric of this name, of which more or less is better."""
    known = metric_named(name)
    assert known is not None
    assert known.better is not None
    return known


@dataclass(frozen=True)
class Bar:
    """What the median seed of a cell, or its worst, must reach in a metric."""

    name: str
    of: Literal["median", "worst"]
    limit: float

    def is_reached(self, values: Sequence[float]) -> bool:
        """Whether the values of all seeds, best first, reach it; no values do not."""
        if not values:
            return False
        value = statistics.median(values) if self.of == "median" else values[-1]
        return value >= self.limit if metric(self.name).better == "higher" else value <= self.limit

    def __str__(self) -> str:
        return f"{self.of} {self.name} {'≥' if metric(self.name).better == 'higher' else '≤'} {self.limit}"


@dataclass(frozen=True)
class Cell:
    """A row of a table: what is trained over seeds, and what it must reach."""

    name: str
    """Of its folder."""
    overrides: tuple[str, ...]
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class CellResult:
    """The trained runs of a cell."""

    cell: Cell
    runs: list[Row]
    seconds: float
    """The wall time of the whole command."""

    def figures(self, name: str) -> list[float]:
        """Returns a metric of every run, best first; where a run lacks it, as bad as can be; none where all do."""
        rising = metric(name).better == "higher"
        worst = metric(name).range[0 if rising else 1]
        values = [run.metrics.get(name) for run in self.runs]
        if all(value is None for value in values):
            return []
        return sorted((worst if value is None else value for value in values), reverse=rising)

    @property
    def misses(self) -> list[str]:
        """The bars that are missed."""
        return [str(bar) for bar in self.cell.bars if not bar.is_reached(self.figures(bar.name))]


@dataclass(frozen=True)
class Table:
    """What is trained, and which metrics of it are printed."""

    name: str
    """Of its file, a .csv."""
    heading: str
    """Of the labels."""
    figures: tuple[str, ...]
    cells: Mapping[str, Cell]
    """The label of each row, and what it is of."""

    @property
    def head(self) -> str:
        """The line above the rows."""
        bars = "  bars missed" if any(cell.bars for cell in self.cells.values()) else ""
        return "".join([self._padded(self.heading), *(name.rjust(18) for name in self.figures), "     s", bars])

    def line(self, label: str, result: CellResult) -> str:
        """A row: of each metric the median seed and, in brackets, the worst."""
        words = [self._padded(label), *(median_and_worst(result.figures(name)) for name in self.figures)]
        bars = f"  {', '.join(result.misses) or 'reached'}" if result.cell.bars else ""
        return "".join([*words, f"{result.seconds:6.0f}", bars])

    def _padded(self, label: str) -> str:
        return label.ljust(max(map(len, self.cells)) + 2)

    def csv_head(self) -> list[str]:
        """The first line of the file."""
        return [self.heading, "run", "status", *self.figures, "steps", "seconds"]

    def csv_rows(self, label: str, result: CellResult) -> Iterator[list[Any]]:
        """A line of the file for each seed; the seconds are of all."""
        for run in result.runs:
            metrics = [run.metrics.get(name) for name in self.figures]
            yield [label, run.name, run.status, *metrics, run.result.get("steps"), round(result.seconds, 1)]


def median_and_worst(values: Sequence[float]) -> str:
    """Returns a column of a row: of the values of all seeds, best first, the median and, in brackets, the worst."""
    if not values:
        return "–".rjust(18)
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


def fill(table: Table, arguments: Namespace) -> list[CellResult]:
    """Trains the cells of a table, prints it, and writes every seed into a file in the folder `arguments.output`.

    `arguments`: see `table_arguments`.

    Raises:
        UsageError: for an unknown row, or a folder that holds one already.
    """
    if unknown := sorted(set(arguments.cells) - set(table.cells)):
        raise UsageError(f"--cells {unknown[0]}: must be of {'; '.join(table.cells)}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    path, results = arguments.output / f"{table.name}.csv", list[CellResult]()
    print(f"median seed (worst seed)\n{table.head}")
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.csv_head())
        for label in arguments.cells or table.cells:
            cell = table.cells[label]
            results.append(train_cell(cell, arguments.seeds, arguments.overrides, arguments.output / cell.name))
            writer.writerows(table.csv_rows(label, results[-1]))
            file.flush()
            print(table.line(label, results[-1]), flush=True)
    print(f"every seed in {path}")
    return results


def table_arguments(description: str | None, output: Path, cells: str) -> Namespace:
    """Parses the command line of a table over seeds: `seeds`, `cells`, `overrides`, and `output`, a folder."""
    parser = OneLineParser(description=description)
    parser.add_argument("--seeds", type=positive, default=10, help="runs in a cell (10)")
    parser.add_argument("--cells", nargs="+", default=[], help=cells)
    parser.add_argument("--overrides", nargs="+", default=[], help="other settings than the recipe's")
    parser.add_argument("--output", type=Path, default=output, help=f"a folder ({output})")
    return parser.parse_args()
