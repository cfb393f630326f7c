"""The results of a sweep: its runs, its settings, best first, and a CSV file. Read from the runs' folders."""

import csv
import io
import re
import statistics
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from patterngan.evaluation.metrics import Metrics, comparable_score
from patterngan.evaluation.registry import Level, present
from patterngan.storage.files import read_yaml, write_atomically
from patterngan.storage.results import FILE, read
from patterngan.validation import UsageError, legible

CSV = "sweep.csv"


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
    typed: list[str] = field(default_factory=list)
    """Its overrides, as they were typed."""

    @cached_property
    def metrics(self) -> Metrics:
        """Its metrics, empty unless it completed."""
        return dict(self.result.get("metrics", {}))

    @property
    def score(self) -> float | None:
        """The number that ranks it, lower is better; the worst possible one if it diverged, None if it did not end."""
        if self.status == "diverged":
            return 1.0
        return comparable_score(self.metrics) if self.metrics else None

    @property
    def is_trivial(self) -> bool:
        """Whether its pattern is a single integer, which is no pattern to learn."""
        return self.metrics.get("support") == 1


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
    return Row(name, by_key(overrides), result.get("status", "unfinished"), result, overrides)


def by_key(overrides: Sequence[str]) -> dict[str, str]:
    """Key → value: `+callbacks.stop.patience=2` is the value 2 of callbacks.stop.patience, `~penalty` deletes it."""
    values = {}
    for override in map(legible, overrides):
        key, _, value = override.lstrip("+~").partition("=")
        values[key] = "deleted" if override.startswith("~") else value
    return values


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


def readable(value: str) -> str:
    """A value as it was typed; a number with many digits, such as a search chooses, with three of them."""
    try:
        return f"{float(value):.3g}" if len(value) > 7 and not value.isdecimal() else value
    except ValueError:
        return value


@dataclass(frozen=True)
class Point:
    """The runs that have the same values of some keys, mostly of all swept keys but the seed."""

    values: tuple[str, ...]
    runs: list[Row]

    def figures(self, metric: str) -> list[float]:
        """The values of a metric, of the runs that have it."""
        return [float(row.metrics[metric]) for row in self.runs if row.metrics.get(metric) is not None]

    @property
    def scores(self) -> dict[int, float]:
        """Seed → score, of the runs that have both; none where the pattern is a single integer."""
        seeded = {row.result.get("seed"): row.score for row in self.runs if not row.is_trivial}
        return {seed: score for seed, score in seeded.items() if seed is not None and score is not None}

    @property
    def rank(self) -> tuple[float, ...]:
        """Sort key, lower is better: the median score, then the median invalid share; a pattern of one integer last."""
        scores, validity = [row.score for row in self.runs if row.score is not None], self.figures("validity")
        if not scores:
            return (2,)
        invalid = 1 - statistics.median(validity) if validity else 1
        return any(row.is_trivial for row in self.runs), statistics.median(scores), invalid


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


def endings(runs: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Status and reason → the runs that did not complete, in the order of their numbers."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in runs:
        if row.status != "completed":
            reason = (row.result.get("error") or "") if row.result else "it has written no result"
            groups.setdefault((row.status, reason), []).append(row)
    return groups


def columns(runs: Sequence[Row]) -> dict[str, list[Any]]:
    """Name → value of each run: how it ended, what was typed for it, and its metrics; None where a run has none."""
    ended = {name: [row.result.get(name) for row in runs] for name in ("steps", "wall_seconds", "share_seconds")}
    seeds = [row.result.get("seed", row.overrides.get("seed")) for row in runs]
    keys = dict.fromkeys(key for row in runs for key in row.overrides if key not in (*ended, "seed"))
    numbers = (name for row in runs for name, value in row.metrics.items() if not isinstance(value, list))
    return {
        "run": [row.name for row in runs],
        "status": [row.status for row in runs],
        **ended,
        "seed": seeds,
        **{key: [row.overrides.get(key) for row in runs] for key in keys},
        **{name: [row.metrics.get(name) for row in runs] for name in dict.fromkeys(numbers)},
        "ended": [row.result.get("ended") for row in runs],
        "error": [row.result.get("error") for row in runs],
    }


def measured(runs: Sequence[Row], *levels: Level) -> list[str]:
    """The metrics of these levels that have a value in a run, the most important first."""
    named = (name for row in runs for name, value in row.metrics.items() if value is not None)
    return present(dict.fromkeys(named), *levels)


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
