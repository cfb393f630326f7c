"""The page of a sweep: how its settings learned, its best and worst runs, figures, what failed, and all runs."""

from collections import Counter
from collections.abc import Sequence
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
from patterngan.reporting.events import EVENTS, folder_of_events
from patterngan.reporting.html import write_page
from patterngan.reporting.medians import write_medians
from patterngan.reporting.overrides import Note, noted
from patterngan.reporting.run import report_run
from patterngan.reporting.search import Search, go_on_command, search_of
from patterngan.reporting.search_figures import figures_of
from patterngan.reporting.studio import Studio
from patterngan.reporting.sweep import Row, measured, points, ranked, swept
from patterngan.reporting.sweep_figures import MOST_POINTS, curves_of, heat_maps_of, spread_of
from patterngan.reporting.sweep_tables import report, settings_grid
from patterngan.storage.files import read_yaml
from patterngan.storage.results import PAGE
from patterngan.validation import UsageError

BEST = 4
"""Runs of a sweep that get a page and pictures unasked, which take a quarter of a second for each run."""

EXTREMES = 3
"""Runs in the table of the best, and of the worst."""


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
    runs = report(sweep, console)
    best_first, studio = ranked(runs), Studio()
    for row in best_first if every else [row for row in best_first[:BEST] if wants_pictures(sweep / row.name)]:
        try:
            report_run(sweep / row.name, trust, studio)
        except (UsageError, OSError) as error:  # the other runs still get their pages
            show(console, f"no page of run {row.name}: {error}")
    show(console, f"report     {display_path(write_sweep_page(sweep, runs, trust))}")
    search = search_of(noted(sweep), runs)
    if best := _best_words(search):
        show(console, f"best       {best}")
    if search and (further := go_on_command(search, sweep.resolve(), trust)):
        show(console, f"go on      {further}")
    if best_first and has_curves(sweep, runs):
        show(console, f"curves     {sweep_curves_command(sweep, medians_of(sweep, runs, console))}")
    if best_first:
        show(console, f"integers   {generate_command(sweep / best_first[0].name, trust)}")
    failed = [row for row in runs if row.status in ("failed", "diverged")]
    for row in [*best_first[:1], *failed[:1]]:
        if command := alone_command(row.typed, trust):
            show(console, f"alone      {command}")


def medians_of(sweep: Path, runs: Sequence[Row], console: Console) -> Path | None:
    """The folder of the medians, which are written anew; None where there are none, or a run is damaged."""
    try:
        return write_medians(sweep, runs)
    except (UsageError, OSError) as error:
        show(console, f"no medians: {error}")
        return None


def wants_pictures(run: Path) -> bool:
    """Whether a run's config has the callback that draws; true where there is no readable config."""
    try:
        return "pictures" in (read_yaml(run / ".hydra" / "config.yaml").get("callbacks") or ())
    except (OSError, ValueError, AttributeError, TypeError):
        return True


def has_curves(sweep: Path, runs: Sequence[Row]) -> bool:
    """Whether a run of the sweep has event files."""
    return any(any(folder_of_events(sweep / row.name).glob(EVENTS)) for row in runs)


def write_sweep_page(sweep: Path, runs: Sequence[Row], trust: Sequence[str] = ()) -> Path:
    """Writes `report.html` into a sweep's folder; returns its path. `trust`: see `report_run`."""
    keys, best_first = swept(runs), ranked(runs)
    values = {key: _sorted_values(runs, key) for key in keys}
    names, lines = points(runs)
    note = noted(sweep)
    search = search_of(note, runs)
    ended = [point for point in lines if any(row.metrics for row in point.runs)]
    has_seeds = any(len(point.runs) > 1 for point in ended)
    write_page(
        sweep / PAGE,
        "sweep.html",
        statuses=Counter(row.status for row in runs),
        swept=values,
        metrics=measured(runs, "main", "shown"),
        runs=runs,
        links={row.name: _link(sweep, row.name) for row in runs},
        grid=settings_grid(names, lines, MOST_POINTS),
        extremes={"best": best_first[:EXTREMES], "worst": best_first[EXTREMES:][-EXTREMES:]},
        curves=curves_of(sweep, names, lines),
        heat_maps={} if search else heat_maps_of(runs, values),
        search=figures_of(search) if search else {},
        best=_best_words(search),
        spread=spread_of(names, ended[:MOST_POINTS]) if has_seeds else [],
        endings=_endings(sweep, runs),
        spread_points=min(len(ended), MOST_POINTS),
        points=len(ended),
        commands=_commands(sweep.resolve(), runs, best_first, trust, note, search),
    )
    return sweep / PAGE


def _link(sweep: Path, name: str) -> str:
    """The address of a run's page or, where it has none, of its folder."""
    page = f"{name}/{PAGE}"
    return quote(page if (sweep / page).exists() else f"{name}/")


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
    endings: dict[tuple[str, str], dict[str, str]] = {}
    for row in runs:
        if row.status != "completed":
            reason = row.result.get("error") or "it has written no result"
            endings.setdefault((row.status, reason), {})[row.name] = _log(sweep, row.name)
    return [Ending(status, reason, logs) for (status, reason), logs in endings.items()]


def _log(sweep: Path, name: str) -> str:
    """The address of a run's log or, where it has none, of its folder."""
    logs = sorted((sweep / name).glob("*.log"))
    return quote(f"{name}/{logs[0].name if logs else ''}")


def _best_words(search: Search | None) -> str:
    """The best trial of a search in a line; empty where there is none."""
    if search is None or search.best is None:
        return ""
    (row, value), of = search.best, len(search.trials)
    return f"trial {row.name} of {of}, {search.metric} {value:.4g}: {search.chosen(row)}"


def _commands(
    sweep: Path,
    runs: Sequence[Row],
    best_first: Sequence[Row],
    trust: Sequence[str],
    note: Note | None,
    search: Search | None,
) -> dict[str, str]:
    """Purpose → command."""
    commands = {}
    if search and (further := go_on_command(search, sweep, trust)):
        commands["As many trials again; those that have ended are kept:"] = further
    if search and search.best and (alone := alone_command(search.best[0].typed, trust)):
        commands["The best trial again, alone:"] = alone
    if note and search is None and (again := sweep_again_command(note.typed, sweep, trust)):
        commands["The same sweep again; runs that have ended are kept:"] = again
    if best_first:
        commands["Integers from the best run's generator:"] = generate_command(sweep / best_first[0].name, trust)
        commands["A page and pictures of every run:"] = script_command("report", sweep, "--all", *trust_flags(trust))
    return commands | ({"Curves of all runs:": curves_command(sweep)} if has_curves(sweep, runs) else {})
