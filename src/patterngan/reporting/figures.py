"""Figures: what a run or a sweep looks like. Drawn without a window; matplotlib is imported where a figure is made."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from patterngan.evaluation.portraits import Portrait

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VALID, INVALID, MISSING, TARGET = "#2a78b5", "#d1495b", "#f2a541", "#8d99a6"
"""Colours that are told apart in print and by the colour-blind."""


SHORT = 6
"""Characters of a label that needs not be written slantwise."""


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def panel(width: float = 5, height: float = 2.6) -> tuple["Figure", "Axes"]:
    """A small figure and its axes. What room they need is known: to find out would take longer than to draw."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.13, right=0.98, top=0.9, bottom=0.19)
    return figure, axes


def _quiet(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)


class Bars:
    """The generated law as bars over the integers, against the target: valid, invalid and missing in three colours."""

    def __init__(self, axes: "Axes", target: Tensor) -> None:
        """`target`: the pattern's law, [integers]."""
        _quiet(axes)
        self.axes, self.target = axes, target
        # Edges of bars and of the gaps between them, in turn: one outline for all is far faster than a patch for each.
        edges = [number + side for number in range(len(target)) for side in (-0.45, 0.45)]
        height = target.max().item()
        axes.axhline(height, color=TARGET, linewidth=1, linestyle="--", label="target")
        self.valid, self.invalid = (
            axes.stairs([0.0] * (len(edges) - 1), edges, fill=True, color=color, label=label)
            for color, label in ((VALID, "valid"), (INVALID, "invalid"))
        )
        (self.missing,) = axes.plot(
            [], [], "v", color=MISSING, markersize=4, label="missing", transform=axes.get_xaxis_transform()
        )
        axes.set(xlabel="integer", ylabel="probability", xlim=(-1, len(target)))

    def show(self, law: Tensor) -> bool:
        """Draws a law, [integers]; returns whether the axis had to be changed for it."""
        real = self.target > 0
        for outline, shares in ((self.valid, law.where(real, 0)), (self.invalid, law.where(~real, 0))):
            outline.set_data(torch.stack([shares, torch.zeros_like(shares)], 1).flatten()[:-1].numpy())
        missing = (real & (law == 0)).nonzero().flatten()
        self.missing.set_data(missing.tolist(), [0.02] * len(missing))
        return self._rescale(law.max().item())

    def _rescale(self, peak: float) -> bool:
        # In powers of four, so that bars of one training can be compared at a glance and seldom need another axis.
        height = self.target.max().item()
        top = min(1.05, 1.6 * height * 4 ** max(0, math.ceil(math.log(max(peak, height) / height / 1.5, 4))))
        before = self.axes.get_ylim()[1]
        self.axes.set_ylim(0, top)
        return bool(before != top)


class Verdicts:
    """D's probability that an integer is real, for each of them, valid and invalid in two colours."""

    def __init__(self, axes: "Axes", target: Tensor) -> None:
        """`target`: the pattern's law, [integers]."""
        _quiet(axes)
        self.real = target > 0
        (self.valid,) = axes.plot([], [], "o", color=VALID, markersize=3, label="valid")
        (self.invalid,) = axes.plot([], [], "o", color=INVALID, markersize=3, label="invalid")
        axes.axhline(0.5, color=TARGET, linewidth=1, linestyle="--", label="undecided")
        axes.set(xlabel="integer x", ylabel="D(x)", xlim=(-1, len(target)), ylim=(-0.03, 1.03))

    def show(self, verdicts: Tensor) -> None:
        """Draws D's verdicts, [integers]."""
        for dots, which in ((self.valid, self.real), (self.invalid, ~self.real)):
            dots.set_data(which.nonzero().flatten().tolist(), verdicts[which].tolist())


class Codes:
    """A few generated codes, a row each, and the integers they stand for."""

    def __init__(self, axes: "Axes", shown: int, width: int) -> None:
        axes.spines[:].set_visible(False)
        self.image = axes.imshow([[0.0] * width] * shown, cmap="Greys", vmin=-0.1, vmax=1, aspect="auto")
        self.labels = [axes.text(-0.7, row, "", ha="right", va="center", fontsize=8) for row in range(shown)]
        axes.set(xlabel="entry of the code", yticks=[])

    def show(self, portrait: Portrait) -> None:
        """Draws a portrait's codes."""
        self.image.set_data(portrait.codes.numpy())
        last = len(portrait.target) - 1
        for label, integer in zip(self.labels, portrait.integers.tolist(), strict=True):
            label.set_text(str(integer))
            label.set_color(VALID if portrait.target[min(integer, last)] > 0 else INVALID)


def distributions(drawn: Sequence[tuple[Portrait, str]]) -> "Figure":
    """The laws of several GANs side by side, each with a title."""
    return _side_by_side(drawn, lambda axes, portrait: Bars(axes, portrait.target).show(portrait.law))


def judgements(drawn: Sequence[tuple[Portrait, str]]) -> "Figure":
    """What the discriminators of several GANs take for real, side by side, each with a title."""
    return _side_by_side(drawn, lambda axes, portrait: Verdicts(axes, portrait.target[:-1]).show(portrait.verdicts))


def _side_by_side(drawn: Sequence[tuple[Portrait, str]], draw: Callable[["Axes", Portrait], object]) -> "Figure":
    figure = _figure(5.5 * len(drawn), 3.2)
    panels = figure.subplots(1, len(drawn), squeeze=False)[0]
    for axes, (portrait, title) in zip(panels, drawn, strict=True):
        draw(axes, portrait)
        axes.set_title(title, fontsize=8, parse_math=False)
    panels[0].legend(frameon=False, fontsize=8)
    return figure


def law(portrait: Portrait) -> "Figure":
    """What a GAN generates, against the target."""
    figure, axes = panel()
    Bars(axes, portrait.target).show(portrait.law)
    legend_above(axes)
    return figure


def verdicts(portrait: Portrait) -> "Figure":
    """What a GAN's discriminator takes for real."""
    figure, axes = panel()
    Verdicts(axes, portrait.target[:-1]).show(portrait.verdicts)
    legend_above(axes)
    return figure


def codes(portrait: Portrait) -> "Figure":
    """Codes that a GAN generates."""
    figure, axes = panel()
    Codes(axes, *portrait.codes.shape).show(portrait)
    return figure


def curves(lines: Mapping[str, Mapping[int, float]]) -> "Figure":
    """Curves over GAN steps, each with a name."""
    figure, axes = panel()
    _quiet(axes)
    for (name, points), color in zip(lines.items(), (VALID, INVALID, MISSING), strict=False):
        axes.plot(list(points), list(points.values()), color=color, linewidth=1.2, label=name)
    axes.set_xlabel("step")
    legend_above(axes)
    return figure


def legend_above(axes: "Axes") -> None:
    """Names what is drawn, in the line of the title."""
    axes.legend(frameon=False, fontsize=7, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))


def quality(figures: Mapping[str, Mapping[str, Sequence[float]]], supports: Mapping[str, int]) -> "Figure":
    """Every seed of every cell: metric → cell → figures; modes are shown as how many of the support are missing."""
    drawn = {name: list(cells.values()) for name, cells in figures.items() if name != "modes"}
    drawn["missing modes"] = [[supports[cell] - modes for modes in values] for cell, values in figures["modes"].items()]
    return spread(list(supports), drawn)


def spread(names: Sequence[str], drawn: Mapping[str, Sequence[Sequence[float]]]) -> "Figure":
    """A panel for each metric, in it a row of dots for each name, one for each seed, and their median."""
    figure = _figure(3 * len(drawn), 0.35 * len(names) + 1.2)
    panels = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for axes, (title, rows) in zip(panels, drawn.items(), strict=True):
        _quiet(axes)
        for row, values in enumerate(rows):
            axes.plot(values, [row] * len(values), "o", color=VALID, alpha=0.4, markersize=4)
            if values:
                axes.plot(statistics.median(values), row, "|", color=INVALID, markersize=12, markeredgewidth=2)
        axes.set(title=title, yticks=range(len(names)), yticklabels=names)
    panels[0].invert_yaxis()
    return figure


def heat_maps(
    rows: Sequence[str],
    columns: Sequence[str],
    panels: Mapping[str, Mapping[tuple[str, str], float]],
    labels: tuple[str, str] = ("", ""),
) -> "Figure":
    """A heat map for each panel: its value for each (row, column), empty where there is none.

    `labels`: what rows and columns are the values of.
    """
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
        axes.set(title=title, xticks=range(len(columns)), yticks=range(len(rows)), ylabel=labels[0], xlabel=labels[1])
        slanted = {"rotation": 60, "ha": "right"} if max(map(len, columns)) > SHORT else {}
        axes.set_xticklabels(columns, fontsize=7, **slanted)
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
