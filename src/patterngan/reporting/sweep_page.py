"""The page of a sweep: its best and worst runs, medians by two keys, the spread over seeds, and all runs."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup
from rich.console import Console

from patterngan.reporting.commands import (
    alone_command,
    curves_command,
    display_path,
    generate_command,
    script_command,
    sweep_command,
    sweep_curves_command,
    trust_flags,
    without_placement,
)
from patterngan.reporting.console import show
from patterngan.reporting.events import EVENTS, folder_of_events
from patterngan.reporting.figures import heat_maps, spread
from patterngan.reporting.html import drawing, svg, write_page
from patterngan.reporting.medians import write_medians
from patterngan.reporting.overrides import is_harmless
from patterngan.reporting.run import report_run
from patterngan.reporting.studio import Studio
from patterngan.reporting.sweep import Point, Row, grouped, measured, points, ranked, swept
from patterngan.reporting.sweep_tables import report, settings_grid
from patterngan.storage.files import read_yaml
from patterngan.storage.results import PAGE
from patterngan.validation import UsageError

BEST = 4
"""Runs of a sweep that get a page and pictures unasked, which take a quarter of a second for each run."""

DRAWN = ("validity", "tv")
"""Metrics in the heat maps and the spread."""

EXTREMES = 3
"""Runs in the table of the best, and of the worst."""

MOST_PAIRS, MOST_POINTS, MOST_VALUES = 10, 40, 40
"""Limits that keep the page readable: heat maps, rows of the spread, values of a key in a heat map."""


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
    has_seeds = any(len(point.runs) > 1 for point in lines)
    with drawing():
        maps = _heat_maps(runs, values)
        spreads = _spread(names, lines[:MOST_POINTS]) if has_seeds else []
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
        heat_maps=maps,
        spread=spreads,
        spread_points=min(len(lines), MOST_POINTS),
        points=len(lines),
        commands=_commands(sweep.resolve(), runs, best_first, trust),
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


def _heat_maps(runs: Sequence[Row], values: Mapping[str, Sequence[str]]) -> dict[str, list[Markup]]:
    """Two swept keys → a heat map for each metric, where runs have it. `values`: of each swept key."""
    keys = list(values)
    # Users first ask which lr suits which pattern, so these come first; seeds come last.
    ordered = sorted(keys, key=lambda key: (key == "seed", key not in ("lr", "pattern.k"), keys.index(key)))
    drawable = [key for key in ordered if len(values[key]) <= MOST_VALUES]
    maps = {}
    for pair in list(combinations(drawable, 2))[:MOST_PAIRS]:
        figures = [
            svg(heat_maps(values[pair[0]], values[pair[1]], {f"median {metric}": medians}, pair))
            for metric in DRAWN
            if (medians := _medians(runs, pair, metric))
        ]
        if figures:
            maps[" × ".join(pair)] = figures
    return maps


def _medians(runs: Sequence[Row], keys: Sequence[str], metric: str) -> dict[tuple[str, ...], float]:
    """The values of these keys → the median of a metric over the runs that have them."""
    figures = {point.values: point.figures(metric) for point in grouped(runs, keys)}
    return {values: statistics.median(some) for values, some in figures.items() if some}


def _spread(keys: Sequence[str], lines: Sequence[Point]) -> list[Markup]:
    """A figure for each metric: the values of every run, a row for each point."""
    words = [key.rpartition(".")[2] for key in keys]
    names = [" ".join(map("=".join, zip(words, point.values, strict=True))) or "all" for point in lines]
    metrics = {metric: [point.figures(metric) for point in lines] for metric in DRAWN}
    return [svg(spread(names, {metric: figures})) for metric, figures in metrics.items() if any(figures)]


def _commands(sweep: Path, runs: Sequence[Row], best_first: Sequence[Row], trust: Sequence[str]) -> dict[str, str]:
    """Purpose → command."""
    commands = {}
    overrides = _overrides(sweep)
    if overrides and all(is_harmless(override, trust) for override in overrides):
        commands["The same sweep again; runs that have ended are kept:"] = sweep_command(overrides, sweep)
    if best_first:
        commands["Integers from the best run's generator:"] = generate_command(sweep / best_first[0].name, trust)
        commands["A page and pictures of every run:"] = script_command("report", sweep, "--all", *trust_flags(trust))
    return commands | ({"Curves of all runs:": curves_command(sweep)} if has_curves(sweep, runs) else {})


def _overrides(sweep: Path) -> list[str]:
    """What was typed to start the sweep, empty where Hydra did not note it."""
    try:
        typed = read_yaml(sweep / "multirun.yaml")["hydra"]["overrides"]
        return without_placement(map(str, [*typed["task"], *typed["hydra"]]))
    except (OSError, ValueError, LookupError, TypeError):
        return []
