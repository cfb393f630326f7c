"""What a sweep found: a row for each run, a line for each point over its seeds. Made from the runs' folders alone."""

import csv
import io
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from patterngan.reporting.console import ranges, show, shown
from patterngan.storage import foreign
from patterngan.storage.checkpoints import write_atomically
from patterngan.storage.results import FILE, read
from patterngan.validation import UsageError, legible

CSV = "sweep.csv"

SHOWN = 20
"""Lines of a table; the rest is in the CSV."""

FIGURES = ("validity", "coverage", "tv")
"""The metrics of the table."""


@dataclass(frozen=True)
class Row:
    """One run of a sweep."""

    name: str
    """Its folder within the sweep's."""
    overrides: dict[str, str]
    """What was typed for it: key → value."""
    status: str
    """As in result.json, or unfinished."""
    result: dict[str, Any]
    """Its result.json, empty where there is none."""

    @property
    def metrics(self) -> dict[str, Any]:
        """Its metrics, none unless it completed."""
        metrics = self.result.get("metrics")
        return metrics if isinstance(metrics, dict) else {}


def rows(sweep: Path) -> list[Row]:
    """The runs in a sweep's folder, whichever launcher ran them.

    Raises:
        UsageError: if there are none, or a file is damaged.
    """
    if not sweep.is_dir():
        raise UsageError(f"{sweep}: no such folder; a sweep's folder is needed")
    folders = {path.parent for path in sweep.rglob(FILE)} | {path.parent for path in sweep.rglob(".hydra")}
    if not folders:
        raise UsageError(f"{sweep}: holds no run")
    found = [_row(folder, str(folder.relative_to(sweep))) for folder in folders]
    return sorted(found, key=lambda row: (len(row.name), row.name))


def _row(folder: Path, name: str) -> Row:
    try:
        content = read(folder)
    except FileNotFoundError:
        return Row(name, _by_key(typed(folder / ".hydra" / "overrides.yaml")), "unfinished", {})
    return Row(name, _by_key(content["overrides"]), content["status"], content)


def _by_key(overrides: Sequence[str]) -> dict[str, str]:
    return dict(legible(override).partition("=")[::2] for override in overrides)


def typed(path: Path, *keys: str) -> list[str]:
    """A list of overrides as Hydra notes it in a YAML file, at the top or below these keys.

    Raises:
        UsageError: if the file holds no such list.
    """
    try:
        content = foreign.read_yaml(path)
        for key in keys:
            content = content[key]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(f"{path}: is not of a run") from error
    # Nothing else is turned into text: a few lines of YAML can stand for gigabytes of it.
    if not isinstance(content, list) or not all(isinstance(override, str) for override in content):
        raise UsageError(f"{path}: is not of a run")
    return content


def swept(found: Sequence[Row]) -> list[str]:
    """The keys that do not have the same value in every run, in the order in which they were typed."""
    keys = dict.fromkeys(key for row in found for key in row.overrides)
    return [key for key in keys if len({row.overrides.get(key) for row in found}) > 1]


def write_csv(sweep: Path, found: Sequence[Row]) -> Path:
    """Puts `sweep.csv` into the sweep's folder: a line for each run."""
    keys = list(dict.fromkeys(key for row in found for key in row.overrides))
    figures = [name for row in found for name, value in row.metrics.items() if not isinstance(value, list)]
    metrics = list(dict.fromkeys(figures))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", "status", "steps", "wall_seconds", *map(_cell, keys), *map(_cell, metrics), "error"])
    for row in found:
        head = [_cell(row.name), row.status, row.result.get("steps"), row.result.get("wall_seconds")]
        values = [_cell(row.overrides.get(key)) for key in keys] + [row.metrics.get(metric) for metric in metrics]
        writer.writerow([*head, *values, _cell(row.result.get("error"))])
    write_atomically(sweep / CSV, text.getvalue().encode(errors="backslashreplace"))
    return sweep / CSV


def _cell(text: str | None) -> str | None:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text is not None and re.match(r"[=@\t\r]|[+-](?![\d.])", text) else text


@dataclass(frozen=True)
class Point:
    """The runs that differ in their seeds only."""

    values: tuple[str, ...]
    """Of the swept keys."""
    runs: list[Row]

    def figures(self, metric: str) -> list[float]:
        """A metric of every run that has it."""
        return [float(row.metrics[metric]) for row in self.runs if row.metrics.get(metric) is not None]

    @property
    def rank(self) -> tuple[float, float]:
        """Lower is better: the median tv, then the median share of invalid samples."""
        tv, validity = self.figures("tv"), self.figures("validity")
        invalid = 1 - statistics.median(validity) if validity else float("inf")
        return statistics.median(tv) if tv else invalid, invalid


def points(found: Sequence[Row]) -> tuple[list[str], list[Point]]:
    """The swept keys but for the seed, and the points of the sweep, best first."""
    keys = [key for key in swept(found) if key != "seed"]
    runs: dict[tuple[str, ...], list[Row]] = {}
    for row in found:
        runs.setdefault(tuple(row.overrides.get(key, "") for key in keys), []).append(row)
    return keys, sorted((Point(values, members) for values, members in runs.items()), key=lambda point: point.rank)


def ranked(found: Sequence[Row]) -> list[Row]:
    """The runs that completed, best first."""
    return sorted((row for row in found if row.metrics), key=lambda row: Point((), [row]).rank)


def table(keys: Sequence[str], lines: Sequence[Point]) -> Table:
    """What matters over the seeds, a line for each point; see `points`."""
    made = _plain_table(*keys, "runs", *FIGURES)
    for point in lines[:SHOWN]:
        ended = sum(row.status == "completed" for row in point.runs)
        count = str(ended) if ended == len(point.runs) else f"{ended}/{len(point.runs)}"
        _add_row(made, *point.values, count, *(_spread(point.figures(figure)) for figure in FIGURES))
    return made


def _plain_table(*columns: str) -> Table:
    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(Text(legible(column)), overflow="fold")
    return made


def _add_row(made: Table, *cells: str) -> None:
    made.add_row(*(Text(legible(cell)) for cell in cells))  # as they are: brackets are no markup


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def failures(found: Sequence[Row]) -> Table | None:
    """Which runs did not complete, and why; None where all did."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in found:
        if row.status != "completed":
            reasons.setdefault((row.status, str(row.result.get("error") or "")), []).append(row.name)
    made = _plain_table("status", "runs", "error")
    for (status, error), names in list(reasons.items())[:SHOWN]:
        _add_row(made, status, ranges(names), error)
    return made if reasons else None


def report(sweep: Path, console: Console) -> list[Row]:
    """Writes the CSV and shows the tables; returns the runs.

    Raises:
        UsageError: if the folder is not a sweep's.
    """
    found = rows(sweep)
    path = write_csv(sweep, found)
    keys, lines = points(found)
    console.print("median over the seeds (lowest to highest), best first", markup=False, highlight=False)
    console.print(table(keys, lines))
    if len(lines) > SHOWN:
        console.print(f"… and {len(lines) - SHOWN} more points", markup=False, highlight=False)
    if (failed := failures(found)) is not None:
        console.print()
        console.print(failed)
    show(console, f"\n{len(found)} runs in {shown(path)}")
    return found
