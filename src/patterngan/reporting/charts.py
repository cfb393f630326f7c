"""Charts of many runs: learning curves, the spread over seeds, heat maps and paths. They are drawn without a window."""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from patterngan.evaluation.registry import Metric, metric_named
from patterngan.reporting.figures import INVALID, MISSING, SMALL, TARGET, VALID, auto_figure, hide_frame

COLOURS = (VALID, INVALID, MISSING, "#2a9d78", "#9b6bc2", "#4db6e2")
"""Of the best settings, which differ by day and at night; all others are drawn in the grey of `TARGET`."""

SPAN = 20
"""The ratio of the highest to the lowest median from which on a falling metric has a logarithmic axis."""

LONGEST_LABEL = 14
"""Letters of a row's name that have room beside the axes; longer names stand above their rows."""


class Band(NamedTuple):
    """The curves of some runs, taken together."""

    steps: Sequence[int]
    median: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


class HeatMap(NamedTuple):
    """What one heat map shows."""

    title: str
    metric: str
    cells: Mapping[tuple[str, ...], float]
    """(row, column) → value; a cell without a value stays empty."""
    floor: float | None = None
    """What a perfect sampler would show, a line in the bar of colours."""


def axis_label(name: str) -> str:
    """The label of a metric's axis: its name, its unit unless it is a share, and which way is better."""
    metric = metric_named(name)
    if metric is None:
        return name
    notes: list[str] = [metric.unit] if metric.unit != "share" else []
    notes += [f"{metric.better} is better"] if metric.better else []
    return f"{name} ({', '.join(notes)})" if notes else name


def learning_curves(bands: Sequence[Band], metric: Metric, floors: Sequence[float]) -> Figure:
    """The median of each setting over the steps, with its band; a dashed line at each floor.

    Args:
        bands: of each setting, best first. The first have the colours of `COLOURS`, the others no band.
        metric: what is drawn.
        floors: what perfect samplers would show, where that is not 0.
    """
    figure = auto_figure(3.5, 2.6)
    axes = figure.subplots()
    hide_frame(axes)
    for band in bands[len(COLOURS) :]:
        axes.plot(band.steps, band.median, color=TARGET, linewidth=0.7, alpha=0.6)
    coloured = list(zip(bands, COLOURS, strict=False))
    for band, color in reversed(coloured):  # the best lies on top
        axes.fill_between(band.steps, band.low, band.high, color=color, alpha=0.18, linewidth=0)
        axes.plot(band.steps, band.median, "." if len(band.steps) == 1 else "-", color=color, linewidth=1.4)
    axes.set(xlabel="GAN step", ylabel=axis_label(metric.name))
    _set_scale(axes, [value for band in bands for value in band.median], metric)
    draw_floors(axes, floors)
    return figure


def _set_scale(axes: Axes, medians: Sequence[float], metric: Metric) -> None:
    """Shares that should rise have the whole axis from 0 to 1, so that 9 of 64 does not look like 64 of 64."""
    if metric.better == "higher" and metric.unit == "share":
        axes.set_ylim(0, 1.02)
    elif falls_far(medians):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)


def draw_floors(axes: Axes, floors: Sequence[float]) -> None:
    """Draws dashed lines at what perfect samplers would show; the highest one has the name of all."""
    for floor in floors:
        axes.axhline(floor, color=TARGET, linewidth=1, linestyle="--")
    for top in sorted(floors)[-1:]:
        axes.annotate("floor", (0, top), (3, 2), ("axes fraction", "data"), "offset points", fontsize=7, color=TARGET)


def falls_far(values: Sequence[float]) -> bool:
    """Whether a metric that should fall needs a logarithmic axis; see `SPAN`."""
    return min(values) > 0 and max(values) > SPAN * min(values)


def spread(
    names: Sequence[str], metrics: Mapping[str, Sequence[Sequence[float]]], floors: Sequence[float | None] = ()
) -> Figure:
    """A panel for each metric with a row for each name: a dot for each value and a bar at the median.

    Args:
        names: of the rows.
        metrics: label of an axis → the values of each row.
        floors: of each row, drawn as a dashed line.
    """
    above = max(map(len, names)) > LONGEST_LABEL
    figure = auto_figure(3 * len(metrics) + 0.5, (0.42 if above else 0.35) * len(names) + 1)
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, (label, rows) in zip(panels, metrics.items(), strict=True):
        hide_frame(axes)
        for row, values in enumerate(rows):
            axes.plot(values, [row] * len(values), "o", color=VALID, alpha=0.8, markersize=4)
            if values:
                axes.plot(statistics.median(values), row, "|", color=INVALID, markersize=12, markeredgewidth=2)
        for row, floor in enumerate(floors):
            if floor:
                axes.vlines(floor, row - (0.1 if above else 0.5), row + 0.5, color=TARGET, linewidth=1, linestyle="--")
        axes.set(xlabel=label, yticks=range(len(names)), yticklabels=[""] * len(names) if above else names)
        axes.ticklabel_format(axis="x", useOffset=False)
        axes.locator_params(axis="x", nbins=4)
    if above:
        panels[0].tick_params(axis="y", length=0)
        for row, name in enumerate(names):
            panels[0].annotate(name, (0, row - 0.3), (2, 0), ("axes fraction", "data"), "offset points", fontsize=7)
    panels[0].set_ylim(len(names) - 0.5, -0.8 if above else -0.5)
    return figure


def heat_maps(
    rows: Sequence[str], columns: Sequence[str], panels: Sequence[HeatMap], labels: tuple[str, str] = ("", "")
) -> Figure:
    """A heat map for each panel, in which brighter is always better. `labels`: of rows, columns."""
    longest_row, longest_column = (max(map(len, names)) for names in (rows, columns))
    width = max(3.2, 0.45 * len(columns) + 0.07 * longest_row + 1.5)
    figure = auto_figure(width * len(panels), max(2.6, 0.4 * len(rows) + 0.06 * longest_column + 1))
    slanted = {"rotation": 60, "ha": "right"} if longest_column > 6 else {}
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        grid = [[panel.cells.get((row, column), float("nan")) for column in columns] for row in rows]
        image = axes.imshow(grid, aspect="auto")
        _colour(image, panel)
        for (row, column), value in panel.cells.items():
            color = "k" if sum(image.to_rgba(value)[:3]) > 1.5 else "w"
            place = columns.index(column), rows.index(row)
            axes.text(*place, f"{value:.3g}", ha="center", va="center", fontsize=7, color=color)
        bar = figure.colorbar(image, ax=axes, aspect=30)
        bar.ax.tick_params(labelsize=SMALL)
        bar.set_label(axis_label(panel.metric), fontsize=SMALL)
        if panel.floor:
            bar.ax.axhline(panel.floor, color=INVALID, linewidth=2)
        axes.set_title(panel.title, fontsize=10)
        axes.set(xticks=range(len(columns)), yticks=range(len(rows)), ylabel=labels[0], xlabel=labels[1])
        axes.set_xticklabels(columns, fontsize=SMALL, **slanted)
        axes.set_yticklabels(rows, fontsize=SMALL)
    return figure


def _colour(image: AxesImage, panel: HeatMap) -> None:
    """Colours that are comparable between panels: of a share, they stand for all values from 0 to 1."""
    metric = metric_named(panel.metric)
    is_falling = metric is not None and metric.better == "lower"
    image.set_cmap("viridis_r" if is_falling else "viridis")
    if metric is not None and metric.unit == "share":
        image.set_clim(*metric.range)


def trajectories(paths: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """A panel for each path of (θ, ψ), with its start and the equilibrium at the origin."""
    columns = min(4, len(paths))
    rows = -(-len(paths) // columns)
    figure = auto_figure(2.7 * columns, 2.8 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes, (title, path) in zip(panels, paths.items(), strict=False):
        hide_frame(axes)
        theta, psi = zip(*path, strict=True)
        axes.plot(theta, psi, color=VALID, linewidth=0.8)
        axes.plot(theta[0], psi[0], "o", color=MISSING, markersize=5)
        axes.plot(0, 0, "+", color=INVALID, markersize=10)
        axes.set_title(title, fontsize=8)
        axes.set(xlabel="θ", ylabel="ψ")
        axes.set_aspect("equal", adjustable="datalim")
    for axes in panels[len(paths) :]:
        axes.set_visible(False)
    return figure
