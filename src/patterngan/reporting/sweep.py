"""The results of a sweep: its runs, their medians over seeds, a CSV file and tables. Read from the runs' folders."""

import csv
import io
import re
import statistics
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from patterngan.evaluation.metrics import Metrics
from patterngan.evaluation.registry import Level, present
from patterngan.reporting.commands import display_path
from patterngan.reporting.console import ranges, show
from patterngan.storage.files import read_yaml, write_atomically
from patterngan.storage.results import FILE, read
from patterngan.validation import UsageError, legible

CSV = "sweep.csv"

SHOWN = 20
"""Lines of a table; the CSV has all."""


@dataclass(frozen=True)
class Row:
    """One run of a sweep."""

    name: str
    """Its folder, relative to the sweep's."""
    overrides: dict[str, str]
    """Key → value."""
    status: str
    """As in result.json, or "unfinished"."""
    result: dict[str, Any]
    """Its result.json, empty where there is none."""

    @property
    def metrics(self) -> Metrics:
        """Its metrics, empty unless it completed."""
        return dict(self.result.get("metrics", {}))


def rows(sweep: Path) -> list[Row]:
    """The runs in a sweep's folder, whichever launcher ran them, by number.

    Raises:
        UsageError: if there are none, or a file is damaged.
    """
    if not sweep.is_dir():
        raise UsageError(f"{sweep}: no such folder; a sweep's folder is needed")
    folders = {path.parent for path in sweep.rglob(FILE)} | {path.parent for path in sweep.rglob(".hydra")}
    if not folders:
        raise UsageError(f"{sweep}: holds no run")
    runs = [_row(folder, str(folder.relative_to(sweep))) for folder in folders]
    return sorted(runs, key=lambda row: (len(row.name), row.name))


def _row(folder: Path, name: str) -> Row:
    try:
        result = read(folder)
        overrides = result["overrides"]
    except FileNotFoundError:
        result = {}
        overrides = _typed(folder / ".hydra" / "overrides.yaml")
    by_key = dict(legible(override).partition("=")[::2] for override in overrides)
    return Row(name, by_key, result.get("status", "unfinished"), result)


def _typed(path: Path) -> list[str]:
    """The overrides in a file that Hydra wrote."""
    with suppress(OSError, ValueError):
        content = read_yaml(path)
        if isinstance(content, list) and all(isinstance(override, str) for override in content):
            return content
    raise UsageError(f"{path}: holds no overrides of a run")


def swept(runs: Sequence[Row]) -> list[str]:
    """The keys whose values differ between runs, in the order in which they were typed."""
    keys = dict.fromkeys(key for row in runs for key in row.overrides)
    return [key for key in keys if len({row.overrides.get(key) for row in runs}) > 1]


@dataclass(frozen=True)
class Point:
    """The runs that have the same values of some keys, mostly of all swept keys but the seed."""

    values: tuple[str, ...]
    runs: list[Row]

    def figures(self, metric: str) -> list[float]:
        """The values of a metric, of the runs that have it."""
        return [float(row.metrics[metric]) for row in self.runs if row.metrics.get(metric) is not None]

    @property
    def rank(self) -> tuple[float, float]:
        """Sort key, lower is better: the median tv, then the median share of invalid samples."""
        tv, validity = self.figures("tv"), self.figures("validity")
        invalid = 1 - statistics.median(validity) if validity else float("inf")
        return statistics.median(tv) if tv else invalid, invalid


def grouped(runs: Sequence[Row], keys: Sequence[str]) -> list[Point]:
    """The runs by their values of these keys."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in runs:
        groups.setdefault(tuple(row.overrides.get(key, "") for key in keys), []).append(row)
    return [Point(values, group) for values, group in groups.items()]


def points(runs: Sequence[Row]) -> tuple[list[str], list[Point]]:
    """The swept keys except the seed, and the points of the sweep, best first."""
    keys = [key for key in swept(runs) if key != "seed"]
    return keys, sorted(grouped(runs, keys), key=lambda point: point.rank)


def ranked(runs: Sequence[Row]) -> list[Row]:
    """The runs that completed, best first."""
    return sorted((row for row in runs if row.metrics), key=lambda row: Point((), [row]).rank)


def columns(runs: Sequence[Row]) -> dict[str, list[Any]]:
    """Name → value of each run: how it ended, what was typed for it, and its metrics; None where a run has none."""
    ended = {name: [row.result.get(name) for row in runs] for name in ("steps", "wall_seconds")}
    keys = dict.fromkeys(key for row in runs for key in row.overrides if key not in ended)
    numbers = (name for row in runs for name, value in row.metrics.items() if not isinstance(value, list))
    return {
        "run": [row.name for row in runs],
        "status": [row.status for row in runs],
        **ended,
        **{key: [row.overrides.get(key) for row in runs] for key in keys},
        **{name: [row.metrics.get(name) for row in runs] for name in dict.fromkeys(numbers)},
        "error": [row.result.get("error") for row in runs],
    }


def measured(runs: Sequence[Row], *levels: Level) -> list[str]:
    """The metrics of these levels that a run has, the most important first."""
    return present(dict.fromkeys(name for row in runs for name in row.metrics), *levels)


def write_csv(sweep: Path, runs: Sequence[Row]) -> Path:
    """Writes `sweep.csv` into the sweep's folder, a line for each run; returns its path."""
    text, filled = io.StringIO(), columns(runs)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_cell, filled))
    for line in zip(*filled.values(), strict=True):
        writer.writerow(map(_cell, line))
    write_atomically(sweep / CSV, text.getvalue().encode(errors="backslashreplace"))
    return sweep / CSV


def _cell(value: object) -> object:
    """A value of the CSV; text that a spreadsheet would take for a formula is quoted."""
    is_formula = isinstance(value, str) and re.match(r"[=@\t\r]|[+-](?![\d.])", value)
    return f"'{value}" if is_formula else value


def table(keys: Sequence[str], lines: Sequence[Point]) -> Table:
    """The median and range of the main metrics, a line for each point; see `points`."""
    names = measured([row for point in lines for row in point.runs], "main")
    medians = _table(*keys, "runs", *names)
    for point in lines[:SHOWN]:
        completed = sum(row.status == "completed" for row in point.runs)
        count = str(completed) if completed == len(point.runs) else f"{completed}/{len(point.runs)}"
        medians.add_row(*point.values, count, *(_median_and_range(point.figures(name)) for name in names))
    return medians


def _median_and_range(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else "-"


def failures(runs: Sequence[Row]) -> Table:
    """The runs that did not complete, by status and error."""
    names: dict[tuple[str, str], list[str]] = {}
    for row in runs:
        if row.status != "completed":
            names.setdefault((row.status, row.result.get("error") or ""), []).append(row.name)
    errors = _table("status", "runs", "error")
    for (status, error), failed in list(names.items())[:SHOWN]:
        errors.add_row(status, legible(ranges(failed)), legible(error))
    return errors


def _table(*columns: str) -> Table:
    folding = [Column(name, overflow="fold") for name in columns]
    return Table(*folding, box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))


def report(sweep: Path, console: Console) -> list[Row]:
    """Writes the CSV and prints the tables of a sweep; returns its runs."""
    runs = rows(sweep)
    path = write_csv(sweep, runs)
    keys, lines = points(runs)
    show(console, "median over the seeds (lowest to highest), best first")
    console.print(table(keys, lines), markup=False, highlight=False)
    if len(lines) > SHOWN:
        show(console, f"… and {len(lines) - SHOWN} more points")
    if (errors := failures(runs)).row_count:
        show(console, "")
        console.print(errors, markup=False, highlight=False)
    show(console, f"\n{len(runs)} runs in {display_path(path)}")
    return runs
