"""Figures: what a run or a sweep looks like. Drawn without a window; matplotlib is imported where a figure is made."""

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from patterngan.patterns import Pattern

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VALID, INVALID, MISSING, TARGET = "#2a78b5", "#d1495b", "#f2a541", "#8d99a6"
"""Colours that are told apart in print and by the colour-blind."""


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _quiet(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)


def distribution(axes: "Axes", integers: Tensor, pattern: Pattern, stop: int, title: str) -> None:
    """Draws how often each integer below `stop` was generated, against the pattern's uniform law.

    Valid integers, invalid ones, and marks for those of the support that are missing, in three colours.
    """
    _quiet(axes)
    shares = torch.bincount(integers.clamp(max=stop), minlength=stop + 1)[:stop] / len(integers)
    numbers = torch.arange(stop)
    valid = pattern.contains(numbers)
    axes.axhline(1 / pattern.size, color=TARGET, linewidth=1, linestyle="--", label="target")
    for which, color, label in ((valid, VALID, "valid"), (~valid, INVALID, "invalid")):
        axes.bar(numbers[which].tolist(), shares[which].tolist(), width=0.9, color=color, label=label)
    missing = numbers[valid & (shares == 0)].tolist()
    axes.plot(missing, [0] * len(missing), "v", color=MISSING, markersize=4, label="missing")
    axes.set_title(title, fontsize=8)
    axes.set(xlabel="integer", ylabel="probability", xlim=(-1, stop))


def distributions(drawn: Sequence[tuple[Tensor, Pattern, int, str]]) -> "Figure":
    """Several runs side by side; see `distribution`."""
    figure = _figure(5.5 * len(drawn), 3.2)
    axes = figure.subplots(1, len(drawn), squeeze=False)[0]
    for one, arguments in zip(axes, drawn, strict=True):
        distribution(one, *arguments)
    axes[0].legend(frameon=False, fontsize=8)
    return figure


def quality(figures: Mapping[str, Mapping[str, Sequence[float]]], supports: Mapping[str, int]) -> "Figure":
    """Every seed of every cell: a panel for each figure, a row of dots for each cell, and its median."""
    drawn = {name: values for name, values in figures.items() if name != "modes"}
    drawn["missing modes"] = {
        cell: [supports[cell] - modes for modes in values] for cell, values in figures["modes"].items()
    }
    figure = _figure(3 * len(drawn), 0.35 * len(supports) + 1.2)
    panels = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for axes, (name, cells) in zip(panels, drawn.items(), strict=True):
        _quiet(axes)
        for row, values in enumerate(cells.values()):
            axes.plot(values, [row] * len(values), "o", color=VALID, alpha=0.4, markersize=4)
            axes.plot(statistics.median(values), row, "|", color=INVALID, markersize=12, markeredgewidth=2)
        axes.set(title=name, yticks=range(len(cells)), yticklabels=cells)
    panels[0].invert_yaxis()
    return figure


def heat_maps(
    rows: Sequence[str], columns: Sequence[str], panels: Mapping[str, Mapping[tuple[str, str], float]]
) -> "Figure":
    """A heat map for each panel: its value for each (row, column), empty where there is none."""
    figure = _figure((0.45 * len(columns) + 3) * len(panels), 0.4 * len(rows) + 2.2)
    for axes, (title, values) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        grid = [[values.get((row, column), float("nan")) for column in columns] for row in rows]
        image = axes.imshow(grid, aspect="auto", cmap="viridis")
        low, high = image.get_clim()
        for y, line in enumerate(grid):
            for x, value in enumerate(line):
                if value == value:  # not nan
                    bright = value > (low + high) / 2
                    axes.text(x, y, f"{value:.3g}", ha="center", va="center", fontsize=6, color="k" if bright else "w")
        axes.set(title=title, xticks=range(len(columns)), yticks=range(len(rows)))
        axes.set_xticklabels(columns, rotation=60, ha="right", fontsize=7)
        axes.set_yticklabels(rows, fontsize=7)
    return figure


def trajectories(drawn: Mapping[str, Sequence[tuple[float, float]]]) -> "Figure":
    """Paths of (θ, ψ), a panel each: where they start, and the equilibrium at the origin."""
    columns = min(4, len(drawn))
    lines = -(-len(drawn) // columns)
    figure = _figure(2.7 * columns, 2.8 * lines)
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for axes, (title, path) in zip(panels, drawn.items(), strict=False):
        _quiet(axes)
        theta, psi = zip(*path, strict=True)
        axes.plot(theta, psi, color=VALID, linewidth=0.8)
        axes.plot(theta[0], psi[0], "o", color=MISSING, markersize=5)
        axes.plot(0, 0, "+", color=INVALID, markersize=10)
        axes.set_title(title, fontsize=8)
        axes.set(xlabel="θ", ylabel="ψ")
        axes.set_aspect("equal", adjustable="datalim")
    for axes in panels[len(drawn) :]:
        axes.set_visible(False)
    return figure
