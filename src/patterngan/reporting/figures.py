"""Figures of a GAN, drawn without a window."""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from torch import Tensor

from patterngan.evaluation.portraits import Portrait

VALID, INVALID, MISSING, TARGET, HELD = "#2a78b5", "#d1495b", "#f2a541", "#8d99a6", "#1a9e77"
"""Colours that differ in print and for the colour-blind."""

SMALL, SMALL_DOT = 10, 1.5
"""Size of the letters in panels, and of each of many dots, in points."""

MOST_BARS = 512
"""Integers up to which a law is drawn as bars. More would hide each other; then an integer is a dot."""

MISSING_BELOW = 0.01
"""An integer that is real is marked as missing if its probability is below this share of the target."""


def auto_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, whose margins fit what is drawn."""
    return Figure(figsize=(width, height), layout="constrained")


def panel(width: float = 5, height: float = 2.6) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, in inches, and fixed margins: measuring them takes longer than drawing."""
    figure = Figure(figsize=(width, height), dpi=100)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.16, right=0.98, top=0.88, bottom=0.22)
    axes.tick_params(labelsize=SMALL)
    for axis, place in ((axes.xaxis, (0.5, -0.17)), (axes.yaxis, (-0.15, 0.5))):
        axis.label.set_fontsize(SMALL)
        axis.set_label_coords(*place)
    return figure, axes


def hide_frame(axes: Axes) -> None:
    """Removes the upper and the right line around the axes."""
    axes.spines[["top", "right"]].set_visible(False)


def legend_above(axes: Axes) -> None:
    """Puts a legend beside the title, where anything has a label."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            frameon=False,
            fontsize=8,
            ncols=5,
            loc="lower right",
            bbox_to_anchor=(1.02, 0.99),
            columnspacing=1,
            handlelength=1.2,
            handletextpad=0.4,
        )


def kinds(portrait: Portrait) -> dict[str, tuple[Tensor, str]]:
    """Name → which integers are of this kind, bool [capacity + 1], and their colour."""
    real = portrait.target > 0
    named = {"valid": (real & ~portrait.held, VALID), "invalid": (~real, INVALID)}
    return named | ({"held out": (portrait.held, HELD)} if portrait.held.any() else {})


def has_dots(portrait: Portrait) -> bool:
    """Whether a law is drawn as small dots."""
    return len(portrait.target) > MOST_BARS + 1


class Bars:
    """The generated law over the integers, against the target: each kind of integers in a colour; see `MOST_BARS`."""

    def __init__(self, axes: Axes, first: Portrait) -> None:
        hide_frame(axes)
        self.axes, self.height = axes, first.target.max().item()
        # The edges of each bar and the gap behind it: one outline draws far faster than a patch for each bar.
        self.edges = [number + side for number in range(len(first.target)) for side in (-0.45, 0.45)]
        axes.axhline(self.height, color=TARGET, linewidth=1, linestyle="--", label="target")
        draw = self._dots if has_dots(first) else self._outline
        self.marks = {name: draw(color, name) for name, (_, color) in kinds(first).items()}
        (self.missing,) = axes.plot(
            [], [], "v", color=MISSING, markersize=4, label="missing", transform=axes.get_xaxis_transform()
        )
        axes.set(xlabel="integer", ylabel="probability", xlim=(-1, len(first.target)))
        self.changing: list[Artist] = [*self.marks.values(), self.missing]

    def _outline(self, color: str, name: str) -> StepPatch:
        # With one edge now: matplotlib looks at every edge of a new outline for the limits of the axes, set below.
        return self.axes.stairs([0.0], [0, 1], fill=True, color=color, label=name)

    def _dots(self, color: str, name: str) -> Line2D:
        return self.axes.plot([], [], "o", color=color, markersize=SMALL_DOT, label=name)[0]

    def show(self, portrait: Portrait, *beside: Portrait) -> None:
        """Draws the law of a portrait, on a scale that fits it and those that it is shown beside."""
        law, real = portrait.law, portrait.target > 0
        for name, (shown, _) in kinds(portrait).items():
            mark = self.marks[name]
            if isinstance(mark, Line2D):
                mark.set_data(shown.nonzero().flatten().tolist(), law[shown].tolist())
            else:
                shares = law.where(shown, 0)
                mark.set_data(torch.stack([shares, torch.zeros_like(shares)], 1).flatten()[:-1].numpy(), self.edges)
        missing = (real & (law < MISSING_BELOW * portrait.target)).nonzero().flatten()
        self.missing.set_data(missing.tolist(), [0.02] * len(missing))
        # Steps of four times: bars of one training mostly share a scale, and the axis is seldom drawn again.
        highest = max(one.law.max().item() for one in (portrait, *beside))
        excess = max(1.0, highest / self.height / 1.5)
        self.axes.set_ylim(0, min(1.05, 1.6 * self.height * 4 ** math.ceil(math.log(excess, 4))))


class DScores:
    """D(x), the discriminator's probability that x is real, for each integer; each kind of integers in a colour."""

    def __init__(self, axes: Axes, first: Portrait) -> None:
        hide_frame(axes)
        size = SMALL_DOT if has_dots(first) else 3
        self.dots = {
            name: axes.plot([], [], "o", color=color, markersize=size, label=name)[0]
            for name, (_, color) in kinds(first).items()
        }
        axes.axhline(0.5, color=TARGET, linewidth=1, linestyle="--", label="undecided")
        axes.set(xlabel="integer x", ylabel="D(x)", xlim=(-1, len(first.d_scores)), ylim=(-0.03, 1.03))
        self.changing: list[Artist] = [*self.dots.values()]

    def show(self, portrait: Portrait) -> None:
        """Draws the scores of a portrait."""
        for name, (shown, _) in kinds(portrait).items():
            chosen = shown[:-1]
            self.dots[name].set_data(chosen.nonzero().flatten().tolist(), portrait.d_scores[chosen].tolist())


class Codes:
    """A few generated codes, one in each row, beside the integers they decode to; one-hots are parted by lines."""

    def __init__(self, axes: Axes, first: Portrait) -> None:
        shown, width = first.codes.shape
        axes.spines[:].set_visible(False)
        self.image = axes.imshow([[0.0] * width] * shown, cmap="Greys", vmin=-0.1, vmax=1, aspect="auto")
        for edge in partings(first):
            axes.axvline(edge - 0.5, -0.04, 1.04, color=MISSING, linewidth=2, clip_on=False)
        self.labels = [axes.text(-0.7, row, "", ha="right", va="center", fontsize=SMALL) for row in range(shown)]
        axes.set(xlabel="entry of the code (white 0, black 1)", ylabel="integer", yticks=[])
        self.changing: list[Artist] = [self.image, *axes.lines, *self.labels]

    def show(self, portrait: Portrait) -> None:
        """Draws the codes of a portrait."""
        self.image.set_data(portrait.codes.numpy())
        last = len(portrait.target) - 1
        named = kinds(portrait).values()
        for label, integer in zip(self.labels, portrait.integers.clamp(max=last).tolist(), strict=True):
            label.set_color(next(color for shown, color in named if shown[integer]))
        for label, integer in zip(self.labels, portrait.integers.tolist(), strict=True):
            label.set_text(str(integer))


def partings(portrait: Portrait) -> list[int]:
    """Where a new one-hot begins in a code, but for the first; nowhere in codes of bits."""
    sizes = portrait.symbols.tolist()
    return list(accumulate(sizes))[:-1] if max(sizes) > 1 else []


Kind = type[Bars] | type[DScores] | type[Codes]
"""What draws portraits of one run: it is made with any one of them, whose sizes fit all, and shows one at a time."""


class Curves:
    """Curves over GAN steps, one for each name in its colour; `label` says what their values are."""

    def __init__(self, axes: Axes, colors: Mapping[str, str], label: str) -> None:
        hide_frame(axes)
        self.axes = axes
        self.lines = {
            name: axes.plot([], [], color=color, linewidth=1.2, markersize=4, label=name)[0]
            for name, color in colors.items()
        }
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.locator_params(axis="x", integer=True, min_n_ticks=1)
        axes.set(xlabel="GAN step", ylabel=label)

    def show(self, curves: Mapping[str, Mapping[int, float]]) -> None:
        """Draws curves: name → step → value. The scale of the axes is theirs."""
        for name, line in self.lines.items():
            line.set_data(list(curves[name]), list(curves[name].values()))
            line.set_marker("o" if len(curves[name]) == 1 else "")  # one point makes no line
        self.axes.relim()
        self.axes.autoscale()


def side_by_side(portraits: Sequence[tuple[Portrait, str]], kind: Kind) -> Figure:
    """The portraits of several GANs, each with its title, two in a row: letters of more would be too small in docs."""
    columns, rows = min(2, len(portraits)), math.ceil(len(portraits) / 2)
    figure = auto_figure(5.5 * columns, 3.2 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes, (portrait, title) in zip(panels, portraits, strict=False):
        kind(axes, portrait).show(portrait)
        axes.set_title(title, fontsize=SMALL, parse_math=False)
    for axes in panels[len(portraits) :]:
        axes.set_visible(False)
    panels[0].legend(frameon=False, fontsize=9)
    return figure
