"""A sweep's page: every run in a table that sorts, medians over any two keys, the spread over seeds, best and worst."""

import statistics
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from rich.console import Console

from patterngan.reporting.console import curves_command, generate_command, script_command, show, shown, sweep_command
from patterngan.reporting.html import drawing, svg, title, write_page
from patterngan.reporting.run import report_run
from patterngan.reporting.sweep import Point, Row, points, ranked, report, swept, typed
from patterngan.runs.resuming import is_harmless
from patterngan.storage import foreign
from patterngan.storage.results import PAGE
from patterngan.validation import UsageError

BEST = 4
"""Runs of a sweep that get pictures and a page of their own: that takes half a second a run."""

METRICS = ("validity", "coverage", "modes", "tv", "kl")
"""Of the tables."""

MAPPED = ("validity", "tv")
"""Metrics of the heat maps and the spread."""

EXTREMES = 3
"""Runs shown as the best, and as the worst."""

MOST_PAIRS, MOST_POINTS, MOST_VALUES = 10, 40, 40
"""Heat maps, lines of the spread, and values of a key in a heat map: more would not be read."""


def report_sweep(sweep: Path, console: Console, every: bool = False) -> None:
    """The table of a sweep, its CSV and its page, with pages of its best runs, or of every run that completed.

    The best have none if their configs want no pictures.

    Raises:
        UsageError: if the folder is not a sweep's.
    """
    found = report(sweep, console)
    order = ranked(found)
    for row in order if every else [row for row in order[:BEST] if wants_pictures(sweep / row.name)]:
        try:
            report_run(sweep / row.name)
        except (UsageError, OSError) as error:  # the others have theirs all the same
            show(console, f"no page of run {row.name}: {error}")
    show(console, f"report     {shown(write_sweep_page(sweep, found))}")
    if order:
        show(console, f"curves     {curves_command(sweep)}")
        show(console, f"integers   {generate_command(sweep / order[0].name)}")


def wants_pictures(run: Path) -> bool:
    """Whether a run's config has the callback that draws."""
    try:
        callbacks = foreign.read_yaml(run / ".hydra" / "config.yaml").get("callbacks")
    except (OSError, ValueError, AttributeError):
        return True  # it does not say
    return isinstance(callbacks, dict) and "pictures" in callbacks


def write_sweep_page(sweep: Path, found: Sequence[Row]) -> Path:
    """Makes `report.html` in a sweep's folder, from its runs; returns where it is."""
    keys = swept(found)
    names, lines = points(found)
    write_page(
        sweep / PAGE,
        "sweep.html",
        title=title(sweep),
        version=version("patterngan"),
        statuses=Counter(row.status for row in found),
        swept={key: _values(found, key) for key in keys},
        keys=keys,
        metrics=METRICS,
        runs=[_line(sweep, row, keys) for row in found],
        extremes=[(name, _line(sweep, row, keys)) for name, row in _extremes(found)],
        heat_maps=_heat_maps(found, keys),
        spread=_spread(names, lines) if any(len(point.runs) > 1 for point in lines) else [],
        spread_points=min(len(lines), MOST_POINTS),
        points=len(lines),
        commands=_commands(sweep, found),
    )
    return sweep / PAGE


def _line(sweep: Path, row: Row, keys: Sequence[str]) -> dict[str, Any]:
    page = f"{row.name}/{PAGE}"
    return {
        "name": row.name,
        "link": quote(page if (sweep / page).exists() else f"{row.name}/"),
        "status": row.status,
        "error": row.result.get("error"),
        "typed": [row.overrides.get(key, "") for key in keys],
        "figures": [row.metrics.get(name) for name in METRICS],
        "steps": row.result.get("steps", ""),
        "seconds": row.result.get("wall_seconds", ""),
    }


def _extremes(found: Sequence[Row]) -> list[tuple[str, Row]]:
    order = ranked(found)
    best = order[:EXTREMES]
    return [("best", row) for row in best] + [("worst", row) for row in order[len(best) :][-EXTREMES:]]


def _values(found: Sequence[Row], key: str) -> str:
    """The values of a key, as short as can be."""
    values = _ordered(found, key)
    return ", ".join(values) if len(values) <= 6 else f"{len(values)} values from {values[0]} to {values[-1]}"


def _ordered(found: Sequence[Row], key: str) -> list[str]:
    """The values that were typed for a key."""
    return sorted({row.overrides.get(key, "") for row in found}, key=_order)


def _order(value: str) -> tuple[bool, float, str]:
    """Numbers by their size, then words."""
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value


def _heat_maps(found: Sequence[Row], keys: Sequence[str]) -> dict[str, list[Markup]]:
    """Medians over each pair of swept keys, lr and k first: pair → a figure for each metric."""
    # What a user of GANs asks first is which lr for which pattern; seeds come last.
    names = sorted(keys, key=lambda key: (key == "seed", key not in ("lr", "pattern.k"), keys.index(key)))
    made = {}
    for pair in list(combinations(names, 2))[:MOST_PAIRS]:
        if figures := [figure for metric in MAPPED if (figure := _heat_map(found, pair, metric))]:
            made[" × ".join(pair)] = figures
    return made


def _heat_map(found: Sequence[Row], pair: tuple[str, str], metric: str) -> Markup | None:
    from patterngan.reporting.figures import heat_maps

    medians = _medians(found, *pair, metric)
    lines, columns = (_ordered(found, key) for key in pair)
    if not medians or max(len(lines), len(columns)) > MOST_VALUES:
        return None
    with drawing():
        return svg(heat_maps(lines, columns, {f"median {metric}": medians}, pair))


def _medians(found: Sequence[Row], row_key: str, column_key: str, metric: str) -> dict[tuple[str, str], float]:
    cells: dict[tuple[str, str], list[float]] = {}
    for row in found:
        if (value := row.metrics.get(metric)) is not None:
            place = row.overrides.get(row_key, ""), row.overrides.get(column_key, "")
            cells.setdefault(place, []).append(float(value))
    return {place: statistics.median(values) for place, values in cells.items()}


def _spread(keys: Sequence[str], lines: Sequence[Point]) -> list[Markup]:
    """The figures of every run, a line for each point: a figure for each metric."""
    from patterngan.reporting.figures import spread

    drawn = lines[:MOST_POINTS]
    words = [key.rpartition(".")[2] for key in keys]
    names = [" ".join(map("=".join, zip(words, point.values, strict=True))) or "all" for point in drawn]
    with drawing():
        panels = {metric: [point.figures(metric) for point in drawn] for metric in MAPPED}
        return [svg(spread(names, {metric: rows})) for metric, rows in panels.items() if any(rows)]


def _commands(sweep: Path, found: Sequence[Row]) -> dict[str, str]:
    folder = sweep.resolve()
    commands = {}
    if (line := _typed(sweep)) and all(map(is_harmless, line)):
        commands["The same sweep again, going on with what has not ended:"] = sweep_command(line, folder)
    if order := ranked(found):
        commands["Integers from the best run's generator:"] = generate_command(folder / order[0].name)
        commands["A page and pictures of every run:"] = script_command("report", folder, "--all")
    return commands | {"Curves of all runs:": curves_command(folder)}


def _typed(sweep: Path) -> list[str]:
    """What was typed for the sweep, if Hydra noted it."""
    try:
        notes = sweep / "multirun.yaml"
        return [override for part in ("task", "hydra") for override in typed(notes, "hydra", "overrides", part)]
    except UsageError:
        return []
