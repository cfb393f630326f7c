"""The tables of a sweep: medians over seeds, how settings compare with the best, and runs that did not complete."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Column, Table

from patterngan.evaluation.registry import METRICS, metric_named
from patterngan.reporting.commands import display_path
from patterngan.reporting.comparison import (
    FEWEST_OF_INTERVAL,
    LEVEL,
    Contest,
    adjusted,
    contest,
    interval,
    range_coverage,
    smallest_p,
)
from patterngan.reporting.console import ranges, show
from patterngan.reporting.sweep import Point, Row, endings, measured, readable, write_csv
from patterngan.validation import legible

SHOWN = 20
"""Lines of a table; the CSV has all runs."""

SAME = "≈"
"""The mark of a setting that cannot be told from the best."""


class Grid(NamedTuple):
    """A table of words, for a terminal and a page."""

    title: str
    head: list[str]
    lines: list[list[str]]
    notes: list[str]
    """How it is read."""
    others: int = 0
    """Settings that have no line."""


def settings_grid(keys: Sequence[str], best_first: Sequence[Point], shown: int = SHOWN) -> Grid:
    """The medians of the main metrics with their intervals, and how each setting compares with the best.

    Args:
        keys: of the points' values.
        best_first: all points; see `sweep.points`.
        shown: how many of them get a line.
    """
    columns = metric_columns(best_first)
    best, *others = [point.scores for point in best_first]
    contests = [None, *adjusted([contest(best, other) for other in others])]
    head = [*keys, "runs", *columns]
    lines = [
        [*map(readable, point.values), _count(point), *metric_cells(point, columns)] for point in best_first[:shown]
    ]
    if any(contests):
        head.append("best wins")
        lines = [[*line, contest_cell(one)] for line, one in zip(lines, contests, strict=False)]
        lines[0][-1] = "best"
    words = f"best wins: how often the best beats this; {SAME} cannot be told from the best"
    notes = seeds_notes(best_first, contests, words)
    return Grid(f"{seeds_words(best_first)}, best first", head, lines, notes, max(0, len(best_first) - shown))


def _count(point: Point) -> str:
    completed = sum(row.status == "completed" for row in point.runs)
    return str(completed) if completed == len(point.runs) else f"{completed}/{len(point.runs)}"


def metric_columns(points: Sequence[Point]) -> list[str]:
    """The main metrics that a run of these points has, then the floors that are not zero, by their names."""
    names = measured([row for point in points for row in point.runs], "main")
    floors = [metric.floor for metric in METRICS if metric.floored and metric.name in names]
    return names + [floor for floor in floors if any(any(point.figures(floor)) for point in points)]


def metric_cells(point: Point, columns: Sequence[str]) -> list[str]:
    """What a point has in these columns; its floor is the same for every seed."""
    return [_median_cell(point.figures(name)[: None if metric_named(name) else 1]) for name in columns]


def _median_cell(values: Sequence[float]) -> str:
    """The median with its interval; of one value no interval."""
    if not values:
        return "-"
    ends = " ({:.3f} to {:.3f})".format(*interval(values)) if len(values) > 1 else ""
    return f"{statistics.median(values):.3f}{ends}"


def contest_cell(one: Contest | None) -> str:
    """How often the one wins, with a mark where the two cannot be told apart."""
    return "-" if one is None else f"{one.wins:.0%}" + ("" if one.told_apart else f" {SAME}")


def _seeds(best_first: Sequence[Point]) -> list[int]:
    """The different numbers of seeds of the settings, in rising order."""
    return sorted({len(point.scores) for point in best_first if point.scores})


def seeds_words(points: Sequence[Point]) -> str:
    """Over how many seeds medians are, and what stands in brackets."""
    counts = _seeds(points)
    if not counts:
        return "no run completed"
    if counts[-1] == 1:
        return "one seed each"
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    ends = f"{1 - LEVEL:.0%} interval"
    if counts[-1] < FEWEST_OF_INTERVAL:
        ends = f"lowest to highest: {range_coverage(counts[0]):.0%} interval"
    elif counts[0] < FEWEST_OF_INTERVAL:
        ends += f"; of fewer than {FEWEST_OF_INTERVAL} seeds lowest to highest"
    return f"median over {number} seeds ({ends})"


def seeds_notes(points: Sequence[Point], contests: Sequence[Contest | None], words: str) -> list[str]:
    """What so many seeds can tell, and how contests were decided. `words`: what the column of contests means."""
    most, held = max(_seeds(points), default=0), [one for one in contests if one]
    if most == 1:
        return ["one seed says nothing about another: seed=0,1,2,3,4,5 adds a range and a comparison"]
    if not held:
        return []
    tests = {"Wilcoxon's test paired by seed" if one.pairs else "Mann-Whitney's test" for one in held}
    notes = [f"{words} ({' or '.join(sorted(tests))}, {LEVEL:.0%} false discoveries)"]
    if smallest_p(most) > LEVEL:
        notes.append(f"{most} seeds can tell no two settings apart, whatever they show; 4 can")
    return notes


def failures(runs: Sequence[Row]) -> Table:
    """The runs that did not complete, by status and error."""
    errors = _table("status", "runs", "error")
    for (status, error), failed in list(endings(runs).items())[:SHOWN]:
        errors.add_row(status, legible(ranges(row.name for row in failed)), legible(error))
    return errors


def _table(*columns: str) -> Table:
    folding = [Column(name, overflow="fold") for name in columns]
    return Table(*folding, box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))


def print_grid(grid: Grid, console: Console, shown: int | None = None) -> None:
    """Prints a table with its title and notes. `shown`: how many lines at most; all where None."""
    show(console, grid.title)
    table = _table(*grid.head)
    for line in grid.lines[:shown]:
        table.add_row(*line)
    console.print(table, markup=False, highlight=False)
    if others := grid.others + len(grid.lines) - table.row_count:
        show(console, f"… and {others} more settings")
    for note in grid.notes:
        show(console, note)


def report(sweep: Path, runs: Sequence[Row], grid: Grid, console: Console) -> None:
    """Writes the CSV and prints the tables of a sweep. `grid`: of its settings."""
    path = write_csv(sweep, runs)
    print_grid(grid, console, SHOWN)
    if (errors := failures(runs)).row_count:
        show(console, "")
        console.print(errors, markup=False, highlight=False)
    show(console, f"\n{len(runs)} runs in {display_path(path)}")
