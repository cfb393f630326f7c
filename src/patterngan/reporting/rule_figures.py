"""Figures of what a discriminator has learned: what it says of seen and unseen integers, and the automaton in it."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from patterngan.evaluation.automaton import Learned
from patterngan.reporting.figures import HELD, INVALID, TARGET, VALID, auto_figure, hide_frame

SAID = {
    "shown": ("metrics/d_seen", VALID),
    "held out": ("metrics/d_unseen", HELD),
    "invalid": ("metrics/d_invalid", INVALID),
}
"""Kind of integers → the tag of D's mean logit of them, and its colour."""

RADIUS = 0.24
"""Of a state's circle; states lie on a circle of radius 1."""


def automaton_figure(learned: Learned) -> Figure:
    """The automaton that a discriminator has learned."""
    figure = auto_figure(4.2, 4.2)
    draw_automaton(figure.subplots(), learned)
    return figure


def rule_figure(curves: Sequence[tuple[str, Mapping[str, Mapping[int, float]]]], learned: Learned) -> Figure:
    """What several discriminators say over training, and the automaton that the last one has learned.

    `curves`: of each a title, and tag → step → value.
    """
    figure = auto_figure(3.3 * len(curves) + 3.1, 3.1)
    *panels, last = figure.subplots(1, len(curves) + 1)
    for axes, (title, said) in zip(panels, curves, strict=True):
        draw_said(axes, said)
        axes.set_title(title, fontsize=9)
    low, high = (limit([axes.get_ylim()[side] for axes in panels]) for side, limit in enumerate((min, max)))
    for axes in panels:
        axes.set_ylim(low, high)
    panels[0].set_ylabel("mean logit of D")
    panels[0].legend(frameon=False, fontsize=8, loc="lower left")
    draw_automaton(last, learned)
    return figure


def draw_said(axes: Axes, said: Mapping[str, Mapping[int, float]]) -> None:
    """D's mean logit of shown, held-out and invalid integers, by step; 0 is undecided."""
    hide_frame(axes)
    axes.axhline(0, color=TARGET, linewidth=1, linestyle="--")
    for name, (tag, color) in SAID.items():
        axes.plot(list(said[tag]), list(said[tag].values()), color=color, linewidth=1.4, label=name)
    axes.set_xlabel("step")


def draw_automaton(axes: Axes, learned: Learned) -> None:
    """States as circles, twice where codes may end, with the remainders that they stand for; symbols on the arrows.

    Arrows that do not lead where they should are dashed.
    """
    automaton = learned.automaton
    names = [learned.smallest[match] if match >= 0 else "–" for match in learned.matches.tolist()]
    order = sorted(range(len(names)), key=lambda state: (names[state] == "–", len(names[state]), names[state]))
    angles = {state: math.pi / 2 - 2 * math.pi * rank / len(names) for rank, state in enumerate(order)}
    circles = {state: _circle(axes, (math.cos(angle), math.sin(angle)), RADIUS) for state, angle in angles.items()}
    for (source, target), symbols in arrows(learned).items():
        is_right = all(learned.right[source, list(symbols)])
        _draw_arrow(axes, circles[source], circles[target], symbols, "-" if is_right else "--")
    for state, circle in circles.items():
        if automaton.accepting[state]:
            _circle(axes, circle.center, 0.82 * RADIUS)
        x, y = circle.center
        axes.text(x, y, names[state], ha="center", va="center", fontsize=11, zorder=4)
    right = f"{learned.right.sum()} of {learned.right.numel()} arrows right"
    axes.set_title(f"states of D: {len(names)} found, {right}", fontsize=9)
    axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.75), aspect="equal")
    axes.set_axis_off()


def _circle(axes: Axes, place: tuple[float, float], radius: float) -> Circle:
    circle = Circle(place, radius, facecolor="white", edgecolor="black", linewidth=1.2, zorder=3)
    axes.add_patch(circle)
    return circle


def arrows(learned: Learned) -> dict[tuple[int, int], list[int]]:
    """From and to which state → the symbols of that arrow."""
    joined: dict[tuple[int, int], list[int]] = {}
    for source, targets in enumerate(learned.automaton.following.tolist()):
        for symbol, target in enumerate(targets):
            joined.setdefault((source, target), []).append(symbol)
    return joined


def _draw_arrow(axes: Axes, source: Circle, target: Circle, symbols: Sequence[int], linestyle: str) -> None:
    """An arrow from one state to another, or a loop on the outside, with its symbols on it."""
    named = ",".join(map(str, symbols))
    color = {"0": VALID, "1": INVALID}.get(named, "black")
    (x, y), (to_x, to_y) = source.center, target.center
    if source is target:
        outwards = math.atan2(y, x)
        turns = outwards + 0.6, outwards - 0.6
        (x, y), (to_x, to_y) = ((x + RADIUS * math.cos(turn), y + RADIUS * math.sin(turn)) for turn in turns)
    bend, ends = (-2.0, (None, None)) if source is target else (0.2, (source, target))
    # The middle of matplotlib's arc3, a curve of second degree: half of the way to its control point.
    middle = (x + to_x + bend * (to_y - y)) / 2, (y + to_y - bend * (to_x - x)) / 2
    arrow = FancyArrowPatch(
        (x, y),
        (to_x, to_y),
        connectionstyle=f"arc3,rad={bend}",
        arrowstyle="-|>",
        mutation_scale=10,
        shrinkA=0,
        shrinkB=0,
        linewidth=1.3,
        linestyle=linestyle,
        color=color,
        patchA=ends[0],
        patchB=ends[1],
    )
    axes.add_patch(arrow)
    background = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
    axes.text(*middle, named, ha="center", va="center", fontsize=9, color=color, bbox=background)
