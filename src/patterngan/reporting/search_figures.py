"""The figures of a search, those that Optuna's users know: its history, its trials side by side, and importances."""

from collections.abc import Mapping
from itertools import accumulate

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patterngan.evaluation.registry import metric_named
from patterngan.reporting.charts import axis_label, draw_floors, falls_far
from patterngan.reporting.figures import INVALID, MISSING, TARGET, VALID, auto_figure, hide_frame
from patterngan.reporting.html import drawing, svg
from patterngan.reporting.search import Parameter, Search, importances
from patterngan.reporting.sweep import readable

WIDTH = 3.3
"""Of a figure in inches: three stand beside each other on a page, one on a telephone."""

GOOD = 4
"""A good trial is among the best one of so many."""


def figures_of(search: Search) -> dict[str, Markup]:
    """Caption → figure; empty without a completed trial."""
    if not search.completed:
        return {}
    with drawing():
        figures = {
            "Optimisation history: dots are trials, the line is the best so far": svg(history(search)),
            "Parallel coordinates: a line is a trial; the best in orange, the best quarter in blue": svg(
                parallel(search)
            ),
        }
        if shares := importances(search):
            figures["Importances: the share of each key in how well trials did"] = svg(bars(shares))
    return figures


def history(search: Search) -> Figure:
    """The value of each trial by its number, and the best so far; a dashed line at the floor."""
    figure = auto_figure(WIDTH, 2.6)
    axes = figure.subplots()
    hide_frame(axes)
    numbers, values = zip(*((search.trials.index(row), value) for row, value in search.completed), strict=True)
    axes.plot(numbers, values, "o", color=VALID, alpha=0.6, markersize=3)
    axes.step(numbers, list(accumulate(values, min if search.minimizes else max)), where="post", color=INVALID)
    axes.set(xlabel="trial", ylabel=axis_label(search.metric))
    if search.minimizes and falls_far(values):
        axes.set_yscale("log")
    metric = metric_named(search.metric)
    if metric and metric.floored:
        floors = {row.metrics.get(metric.floor) for row, _ in search.completed}
        draw_floors(axes, [floor for floor in floors if floor])
    return figure


def parallel(search: Search) -> Figure:
    """A line for each trial over an axis for each parameter and one for its value, the best one on top."""
    values = [value for _, value in search.completed]
    reached = Parameter(search.metric, (), min(values), max(values))
    shown = [*search.parameters, reached]
    figure = auto_figure(max(WIDTH, 0.8 * len(shown)), 2.9)
    axes = figure.subplots()
    axes.spines[:].set_visible(False)
    worst_first = sorted(search.completed, key=lambda trial: trial[1], reverse=search.minimizes)
    for rank, (row, value) in enumerate(worst_first, 1 - len(worst_first)):
        places = [one.place(row.overrides[one.key]) for one in search.parameters] + [reached.place(str(value))]
        color = MISSING if rank == 0 else VALID if -rank < len(worst_first) / GOOD else TARGET
        axes.plot(
            range(len(shown)), places, color=color, linewidth=2 if rank == 0 else 0.8, alpha=1 if rank == 0 else 0.6
        )
    for place, one in enumerate(shown):
        _scale(axes, place, one)
    names = [one.key.replace(".", ".\n") for one in shown]
    axes.set(xticks=range(len(shown)), xticklabels=names, yticks=[], ylim=(-0.04, 1.04))
    axes.tick_params(axis="x", length=0)
    return figure


def _scale(axes: Axes, place: int, one: Parameter) -> None:
    """An axis of parallel coordinates: its lowest and highest value, or all its choices."""
    axes.axvline(place, color=TARGET, linewidth=0.8)
    ends = one.choices or (readable(repr(one.low)), readable(repr(one.high)))
    for number, text in enumerate(ends):
        height = number / max(1, len(ends) - 1)
        axes.annotate(text, (place, height), (3, 0), textcoords="offset points", fontsize=7, va="center")


def bars(shares: Mapping[str, float]) -> Figure:
    """A bar for each key, the largest on top, with its share."""
    figure = auto_figure(WIDTH, 0.42 * len(shares) + 0.9)
    axes = figure.subplots()
    hide_frame(axes)
    axes.barh(range(len(shares)), list(shares.values()), height=0.35, color=VALID)
    for row, (key, share) in enumerate(shares.items()):
        axes.annotate(f"{key}  {share:.2f}", (0, row - 0.28), (2, 0), textcoords="offset points", fontsize=7)
    axes.set(xlabel="importance (share)", yticks=[], xlim=(0, 1), ylim=(len(shares) - 0.5, -0.8))
    return figure
