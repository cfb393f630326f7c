"""The figures of a sweep's page: learning curves of its settings, heat maps of two keys, and the spread over seeds."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, count

import numpy as np
from markupsafe import Markup

from patterngan.evaluation.registry import METRICS, Metric
from patterngan.reporting.charts import COLOURS, Band, HeatMap, axis_label, heat_maps, learning_curves, spread
from patterngan.reporting.figures import TARGET
from patterngan.reporting.history import Points
from patterngan.reporting.html import drawing, number, svg
from patterngan.reporting.sweep import Point, Row, grouped, measured, readable

Curve = Mapping[int, float]
"""Step → value."""

FEW = 4
"""Seeds up to which a band holds all of them; that of more seeds holds the middle half."""

MOST_PAIRS, MOST_POINTS, MOST_VALUES = 10, 40, 40
"""Limits that keep the page readable: heat maps, settings in curves and spread, values of a key in a heat map."""


@dataclass(frozen=True)
class LearningCurves:
    """What a page shows of the steps of training."""

    figures: list[Markup]
    """One for each metric."""
    legend: dict[str, str]
    """Setting → colour."""
    others: int
    """Settings that are drawn in grey."""
    seeds: int
    """The most curves in a band."""
    has_quartiles: bool
    """Whether bands are the middle half of the seeds, and not all of them."""
    has_floor: bool
    """Whether a figure has a line at what a perfect sampler would show."""
    grey: str = TARGET
    """The colour of other settings and of floors."""


def curves_of(
    curves: Mapping[str, Points[float]], keys: Sequence[str], lines: Sequence[Point]
) -> LearningCurves | None:
    """The learning curves of a sweep's settings; None where there are none.

    Args:
        curves: run → its curves, see `history.sweep_curves`.
        keys: swept, see `sweep.points`.
        lines: the settings, best first.
    """
    pairs = [(point, some) for point in lines[:MOST_POINTS] if (some := _metrics_curves(curves, point))]
    seeds = max((len(some) for _, some in pairs), default=0)
    with drawing():
        figures = [_curves_figure(metric, pairs, seeds > FEW) for metric in _drawn_first(_recorded(pairs))]
    names = setting_names(keys, [point for point, _ in pairs])
    legend = dict(zip(names, COLOURS, strict=False))
    has_floor = any(floor_of(point, metric) for point, _ in pairs for metric in METRICS)
    shown = LearningCurves(figures, legend, len(names) - len(legend), seeds, seeds > FEW, has_floor)
    return shown if figures else None


def _metrics_curves(curves: Mapping[str, Points[float]], point: Point) -> list[Points[float]]:
    """The curves of the metrics, by name, of those runs of a setting that have some."""
    runs = [
        {tag.removeprefix("metrics/"): curve for tag, curve in curves[row.name].items() if tag.startswith("metrics/")}
        for row in point.runs
    ]
    return [named for named in runs if named]


def _recorded(pairs: Iterable[tuple[Point, Sequence[Mapping[str, Curve]]]]) -> list[Metric]:
    """The main metrics that have curves."""
    names = {name for _, curves in pairs for one in curves for name in one}
    return [metric for metric in METRICS if metric.level == "main" and metric.name in names]


def _drawn_first(metrics: Iterable[Metric]) -> list[Metric]:
    """The metric by which settings are ranked, then the others."""
    return sorted(metrics, key=lambda metric: metric.name != "tv")


def _curves_figure(metric: Metric, pairs: Iterable[tuple[Point, Sequence[Mapping[str, Curve]]]], half: bool) -> Markup:
    shown = [(point, [one[metric.name] for one in curves if metric.name in one]) for point, curves in pairs]
    bands = [band(curves, half) for _, curves in shown if curves]
    floors = [floor for point, _ in shown if (floor := floor_of(point, metric))]
    return svg(learning_curves(bands, metric, sorted(set(floors))))


def band(curves: Sequence[Curve], half: bool) -> Band:
    """The median of curves at each step, and their lowest and highest value, or their quartiles if `half`.

    A curve that ends before the others, as that of a run that diverged or stopped early, keeps its last value.
    """
    steps = np.array(sorted({step for curve in curves for step in curve}))
    values = np.full((len(curves), len(steps)), np.nan)
    for row, curve in zip(values, curves, strict=True):
        at = np.searchsorted(sorted(curve), steps, side="right") - 1
        row[at >= 0] = np.array([curve[step] for step in sorted(curve)])[at[at >= 0]]
    quantile = np.nanquantile if np.isnan(values).any() else np.quantile  # which is ten times as fast
    low, median, high = quantile(values, [0.25, 0.5, 0.75] if half else [0, 0.5, 1], axis=0)
    return Band(steps.tolist(), median.tolist(), low.tolist(), high.tolist())


def floor_of(point: Point, metric: Metric) -> float | None:
    """What a perfect sampler would show of a metric; None where it would show 0, or nothing is known of it."""
    floors = point.figures(metric.floor) if metric.floored else []
    return statistics.median(floors) or None if floors else None


def heat_maps_of(runs: Sequence[Row], values: Mapping[str, Sequence[str]]) -> dict[str, list[Markup]]:
    """Two swept keys → a heat map for each metric, where runs have it. `values`: of each swept key."""
    keys = [key for key in values if key != "seed"]
    # Users first ask which lr suits which pattern, so these come first.
    ordered = sorted(keys, key=lambda key: (key not in ("lr", "pattern.k"), keys.index(key)))
    drawable = [key for key in ordered if len(values[key]) <= MOST_VALUES]
    maps: dict[str, list[Markup]] = {}
    with drawing():
        floors = {metric: _only_floor(runs, metric) for metric in _varying(runs)}
        for pair in list(combinations(drawable, 2))[:MOST_PAIRS]:
            panels = [_heat_map(runs, pair, metric, floor) for metric, floor in floors.items()]
            shown = [svg(heat_maps(values[pair[0]], values[pair[1]], [panel], pair)) for panel in panels]
            maps |= {" × ".join(pair): shown} if shown else {}
    return maps


def _varying(runs: Sequence[Row]) -> list[Metric]:
    """The main metrics that differ between runs in the digits of a page, the one by which settings are ranked first."""
    everything, names = Point((), list(runs)), measured(runs, "main")
    shown = {one: {number(value) for value in everything.figures(one.name)} for one in METRICS if one.name in names}
    return _drawn_first(metric for metric, texts in shown.items() if len(texts) > 1)


def _only_floor(runs: Sequence[Row], metric: Metric) -> float | None:
    """The floor of a metric where it is the same in all runs."""
    floors = {floor_of(Point((), [row]), metric) for row in runs if row.metrics}
    return floors.pop() if len(floors) == 1 else None


def _heat_map(runs: Sequence[Row], pair: Sequence[str], metric: Metric, floor: float | None) -> HeatMap:
    return HeatMap(f"median {metric.name}", metric.name, _medians(runs, pair, metric.name), floor)


def _medians(runs: Sequence[Row], keys: Sequence[str], metric: str) -> dict[tuple[str, ...], float]:
    """The values of these keys → the median of a metric over the runs that have them."""
    figures = {point.values: point.figures(metric) for point in grouped(runs, keys)}
    return {values: statistics.median(some) for values, some in figures.items() if some}


def spread_of(keys: Sequence[str], lines: Sequence[Point]) -> list[Markup]:
    """A figure for each metric: the values of every run, a row for each setting."""
    names, figures = setting_names(keys, lines), []
    with drawing():
        for metric in _varying([row for point in lines for row in point.runs]):
            rows = [point.figures(metric.name) for point in lines]
            floors = [floor_of(point, metric) for point in lines]
            figures.append(svg(spread(names, {axis_label(metric.name): rows}, floors)))
    return figures


def setting_names(keys: Sequence[str], lines: Sequence[Point]) -> list[str]:
    """What differs between settings, as short texts: `objective=hinge lr=0.001`."""
    words = [_short(key, keys) for key in keys]
    pairs = [zip(words, map(readable, point.values), strict=True) for point in lines]
    return apart(" ".join(map("=".join, pair)) or "all runs" for pair in pairs)


def apart(names: Iterable[str]) -> list[str]:
    """The same names, with a number where one was there before."""
    different: dict[str, None] = {}
    for name in names:
        numbered = (f"{name} ({number})" for number in count(2))
        different[next(one for one in chain([name], numbered) if one not in different)] = None
    return list(different)


def _short(key: str, keys: Sequence[str]) -> str:
    """The last words of a key, as many as no other key ends with."""
    words = key.split(".")
    ends = [".".join(words[-count:]) for count in range(1, len(words))]
    return next((end for end in ends if sum(f".{other}".endswith(f".{end}") for other in keys) == 1), key)
