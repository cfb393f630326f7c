"""The page of a sweep: how its settings learned, its best and worst runs, figures, what failed, and all runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from rich.console import Console

from patterngan.reporting.commands import (
    alone_command,
    curves_command,
    display_path,
    generate_command,
    script_command,
    sweep_again_command,
    sweep_curves_command,
    trust_flags,
)
from patterngan.reporting.console import show
from patterngan.reporting.history import Points, sweep_curves
from patterngan.reporting.html import page_address, write_page
from patterngan.reporting.medians import write_medians
from patterngan.reporting.overrides import Note, noted
from patterngan.reporting.run import report_run
from patterngan.reporting.search import Search, go_on_command, search_of
from patterngan.reporting.search_figures import figures_of
from patterngan.reporting.studio import Studio
from patterngan.reporting.sweep import Point, Row, endings, measured, points, ranked, rows, swept
from patterngan.reporting.sweep_figures import MOST_POINTS, curves_of, heat_maps_of, spread_of
from patterngan.reporting.sweep_tables import Grid, report, settings_grid
from patterngan.storage.files import read_yaml
from patterngan.storage.results import PAGE
from patterngan.validation import UsageError

BEST = 4
"""Runs of a sweep that get a page and pictures unasked, which take a quarter of a second for each run."""

EXTREMES = 3
"""Runs in the table of the best, and of the worst."""


@dataclass(frozen=True)
class SweepFolder:
    """What a sweep's folder holds; each part is read or computed when it is first asked for, and once."""

    path: Path

    @cached_property
    def runs(self) -> list[Row]:
        """Its runs by number; see `sweep.rows`."""
        return rows(self.path)

    @cached_property
    def best_first(self) -> list[Row]:
        """The runs that completed, best first."""
        return ranked(self.runs)

    @cached_property
    def settings(self) -> tuple[list[str], list[Point]]:
        """The swept keys but the seed, and the settings, best first."""
        return points(self.runs)

    @cached_property
    def grid(self) -> Grid:
        """How settings compare."""
        return settings_grid(*self.settings, MOST_POINTS)

    @cached_property
    def curves(self) -> dict[str, Points[float]]:
        """Run → its curves."""
        return sweep_curves(self.path, [row.name for row in self.runs])

    @property
    def has_curves(self) -> bool:
        """Whether a run has curves."""
        return any(self.curves.values())

    @cached_property
    def note(self) -> Note | None:
        """What stands in it of its start."""
        return noted(self.path)

    @cached_property
    def search(self) -> Search | None:
        """The search that it is."""
        return search_of(self.note, self.runs)


class Ending(NamedTuple):
    """Runs that did not complete, for one reason."""

    status: str
    reason: str
    logs: dict[str, str]
    """Run → the address of its log."""


def report_sweep(sweep: Path, console: Console, every: bool = False, trust: Sequence[str] = ()) -> None:
    """Prints the tables of a sweep, writes its CSV and its page, and the pages of its best runs.

    Args:
        sweep: its folder.
        console: where the tables are printed.
        every: whether all completed runs get a page; else the best do, unless their configs want no pictures.
        trust: see `reporting.run.report_run`.

    Raises:
        UsageError: if the folder is not a sweep's.
    """
    found, studio = SweepFolder(sweep), Studio()
    report(sweep, found.runs, found.grid, console)
    best = found.best_first
    for row in best if every else [row for row in best[:BEST] if wants_pictures(sweep / row.name)]:
        try:
            report_run(sweep / row.name, trust, studio)
        except (UsageError, OSError) as error:  # the other runs still get their pages
            show(console, f"no page of run {row.name}: {error}")
    show(console, f"report     {display_path(write_sweep_page(found, trust))}")
    _tell_next(found, console, trust)


def _tell_next(found: SweepFolder, console: Console, trust: Sequence[str]) -> None:
    """Prints the best trial of a search, and what can be typed next."""
    sweep, search, best = found.path, found.search, found.best_first[:1]
    if search and search.best:
        row, value = search.best
        reached = f"{search.metric} {value:.4g}: {search.chosen(row)}"
        show(console, f"best       trial {row.name} of {len(search.trials)}, {reached}")
    if search and (further := go_on_command(search, sweep.resolve(), trust)):
        show(console, f"go on      {further}")
    if best and found.has_curves:
        show(console, f"curves     {sweep_curves_command(sweep, medians_of(found, console))}")
    if best:
        show(console, f"integers   {generate_command(sweep / best[0].name, trust)}")
    failed = [row for row in found.runs if row.status in ("failed", "diverged")]
    for row in [*best, *failed[:1]]:
        if command := alone_command(row.typed, trust):
            show(console, f"alone      {command}")


def medians_of(found: SweepFolder, console: Console) -> Path | None:
    """The folder of the medians, which are written anew; None where there are none, or they cannot be written."""
    try:
        return write_medians(found.path, found.runs, found.curves)
    except OSError as error:
        show(console, f"no medians: {error}")
        return None


def wants_pictures(run: Path) -> bool:
    """Whether a run's config has the callback that draws; true where there is no readable config."""
    try:
        return "pictures" in (read_yaml(run / ".hydra" / "config.yaml").get("callbacks") or ())
    except (OSError, ValueError, AttributeError, TypeError):
        return True


def write_sweep_page(found: SweepFolder, trust: Sequence[str] = ()) -> Path:
    """Writes `report.html` into a sweep's folder; returns its path. `trust`: see `report_run`."""
    sweep, runs, search, (keys, lines) = found.path, found.runs, found.search, found.settings
    values = {key: _sorted_values(runs, key) for key in swept(runs)}
    ended = [point for point in lines if any(row.metrics for row in point.runs)]
    has_seeds = any(len(point.runs) > 1 for point in ended)
    write_page(
        sweep / PAGE,
        "sweep.html",
        statuses=Counter(row.status for row in runs),
        swept=values,
        metrics=measured(runs, "main", "shown"),
        runs=runs,
        links={row.name: page_address(sweep / row.name, sweep) for row in runs},
        grid=found.grid,
        extremes={"best": found.best_first[:EXTREMES], "worst": found.best_first[EXTREMES:][-EXTREMES:]},
        curves=curves_of(found.curves, keys, lines),
        heat_maps={} if search else heat_maps_of(runs, values),
        search=search,
        search_figures=figures_of(search) if search else {},
        spread=spread_of(keys, ended[:MOST_POINTS]) if has_seeds else [],
        endings=_endings(sweep, runs),
        spread_points=min(len(ended), MOST_POINTS),
        points=len(ended),
        commands=_commands(found, trust),
    )
    return sweep / PAGE


def _sorted_values(runs: Sequence[Row], key: str) -> list[str]:
    """The values of a key: numbers by size, then words."""
    return sorted({row.overrides.get(key, "") for row in runs}, key=_sort_key)


def _sort_key(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value


def _endings(sweep: Path, runs: Sequence[Row]) -> list[Ending]:
    """The runs that did not complete, by status and reason, with the address of each one's log."""
    return [
        Ending(status, reason, {row.name: _log(sweep, row.name) for row in ended})
        for (status, reason), ended in endings(runs).items()
    ]


def _log(sweep: Path, name: str) -> str:
    """The address of a run's log or, where it has none, of its folder."""
    logs = sorted((sweep / name).glob("*.log"))
    return quote(f"{name}/{logs[0].name if logs else ''}")


def _commands(found: SweepFolder, trust: Sequence[str]) -> dict[str, str]:
    """Purpose → command."""
    commands = {}
    sweep, note, search = found.path.resolve(), found.note, found.search
    if search and (further := go_on_command(search, sweep, trust)):
        commands["More trials; those that have ended are kept:"] = further
    if search and search.best and (alone := alone_command(search.best[0].typed, trust)):
        commands["The best trial again, alone:"] = alone
    if note and search is None and (again := sweep_again_command(note.typed, sweep, trust)):
        commands["The same sweep again; runs that have ended are kept:"] = again
    if found.best_first:
        commands["Integers from the best run's generator:"] = generate_command(sweep / found.best_first[0].name, trust)
        commands["A page and pictures of every run:"] = script_command("report", sweep, "--all", *trust_flags(trust))
    return commands | ({"Curves of all runs:": curves_command(sweep)} if found.has_curves else {})
