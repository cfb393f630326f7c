"""Two runs or sweeps side by side: what differs between them, and the medians of the settings that both have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from patterngan.reporting.commands import display_path
from patterngan.reporting.comparison import adjusted, contest
from patterngan.reporting.console import show
from patterngan.reporting.events import hyperparameters
from patterngan.reporting.html import page_address, write_page
from patterngan.reporting.sweep import Point, grouped, rows
from patterngan.reporting.sweep_tables import (
    SAME,
    Grid,
    contest_cell,
    metric_cells,
    metric_columns,
    print_grid,
    seeds_notes,
    seeds_words,
    settings_grid,
)
from patterngan.storage.files import read_yaml
from patterngan.storage.settings import SETTINGS
from patterngan.validation import UsageError, legible

NAMES = ("A", "B")
"""What the two are called in tables."""

MOST_VALUES = 6
"""Values of a key that a line lists at most."""


@dataclass(frozen=True)
class Setting:
    """The runs of one side that differ in their seed alone."""

    values: Mapping[str, str]
    """The keys of the config, also those that were not typed, with the name of the option for a group."""
    point: Point

    def of(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Its values of these keys, empty where it has none."""
        return tuple(self.values.get(key, "") for key in keys)


def report_against(first: Path, second: Path, console: Console) -> Path:
    """Prints how two runs or sweeps compare, and writes the page of it into the folder of the second; returns its path.

    Raises:
        UsageError: if a folder holds no run, or both are the same.
    """
    if first.resolve() == second.resolve():
        raise UsageError(f"{second}: is compared with itself; two folders are needed")
    sides = (_settings(first), _settings(second))
    grids = {"What differs": differences(*sides), "Shared settings": pairs(*sides), "All settings": together(*sides)}
    filled = {heading: grid for heading, grid in grids.items() if grid.lines}
    for grid in list(filled.values())[:2]:  # the page also ranks all settings
        print_grid(grid, console)
        show(console, "")
    page = second / f"against_{first.resolve().name}.html"
    named = zip(NAMES, (first, second), strict=True)
    links = {f"{name}: {display_path(folder)}": page_address(folder, second) for name, folder in named}
    title = " against ".join(folder.resolve().name for folder in (first, second))
    write_page(page, "against.html", title=title, links=links, grids=filled)
    show(console, f"report     {display_path(page)}")
    return page


def _settings(folder: Path) -> list[Setting]:
    runs = rows(folder)
    keys = [key for key in dict.fromkeys(key for row in runs for key in row.overrides) if key != "seed"]
    return [
        Setting(_values(folder / point.runs[0].name, dict(zip(keys, point.values, strict=True))), point)
        for point in grouped(runs, keys)
    ]


def _values(run: Path, typed: Mapping[str, str]) -> dict[str, str]:
    """The settings of a run's config but the seed and what follows another key; what was typed if it has no config."""
    try:
        config = read_yaml(run / ".hydra" / "config.yaml")
        settings = {key: config[key] for key in SETTINGS if key in config and key != "seed"}
    except (OSError, ValueError, TypeError):
        return dict(typed)
    words = {key: legible(str(value)) for key, value in hyperparameters(settings).items()}
    return {key: value for key, value in words.items() if "${" not in value}


def varying(*sides: Sequence[Setting]) -> list[str]:
    """The keys with several values among the settings of both sides."""
    settings = [setting for side in sides for setting in side]
    keys = dict.fromkeys(key for setting in settings for key in setting.values)
    return [key for key in keys if len({setting.values.get(key, "") for setting in settings}) > 1]


def differences(first: Sequence[Setting], second: Sequence[Setting]) -> Grid:
    """The keys that have other values on one side than on the other."""
    lines = []
    for key in varying(first, second):
        values = [list(dict.fromkeys(setting.values.get(key, "") for setting in side)) for side in (first, second)]
        if set(values[0]) != set(values[1]):
            lines.append([key, *map(_listed, values)])
    return Grid("what differs between A and B", ["key", *NAMES], lines, [])


def _listed(values: Sequence[str]) -> str:
    rest = f", … ({len(values)} values)" if len(values) > MOST_VALUES else ""
    return ", ".join(value or "-" for value in values[:MOST_VALUES]) + rest


def pairs(first: Sequence[Setting], second: Sequence[Setting]) -> Grid:
    """The settings that both sides have, apart from the keys in which the sides have no value in common."""
    keys = [key for key in varying(first, second) if _values_of(first, key) & _values_of(second, key)]
    others = _single(second, keys)
    both = [(values, one, others[values]) for values, one in _single(first, keys).items() if values in others]
    points = [point for _, *some in both for point in some]
    columns = metric_columns(points)
    contests = adjusted([contest(b.scores, a.scores) for _, a, b in both])
    lines = [
        [*values, name, *metric_cells(point, columns), *wins]
        for (values, *sides), one in zip(both, contests, strict=True)
        for name, point, wins in zip(NAMES, sides, ([""], [contest_cell(one)]), strict=True)
    ]
    head = [*keys, "in", *columns, "B wins"]
    if not any(contests):
        head, lines = head[:-1], [line[:-1] for line in lines]
    words = f"B wins: how often B beats A; {SAME} cannot be told apart"
    return Grid(f"A and B, {seeds_words(points)}", head, lines, seeds_notes(points, contests, words))


def together(first: Sequence[Setting], second: Sequence[Setting]) -> Grid:
    """All settings of both sides, best first; empty where there are only two."""
    keys = [key for key in varying(first, second) if key in {*varying(first), *varying(second)}]
    sides = zip(NAMES, (first, second), strict=True)
    points = [Point((name, *one.of(keys)), one.point.runs) for name, side in sides for one in side]
    if len(points) == 2:
        return Grid("", [], [], [])
    return settings_grid(["in", *keys], sorted(points, key=lambda point: point.rank))


def _values_of(side: Sequence[Setting], key: str) -> set[str]:
    return {setting.values.get(key, "") for setting in side}


def _single(side: Sequence[Setting], keys: Sequence[str]) -> dict[tuple[str, ...], Point]:
    """The settings by their values of these keys, where only one has them."""
    groups: dict[tuple[str, ...], list[Point]] = {}
    for setting in side:
        groups.setdefault(setting.of(keys), []).append(setting.point)
    return {values: points[0] for values, points in groups.items() if len(points) == 1}
