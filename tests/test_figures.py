import io

import pytest
import torch
from matplotlib.colors import to_hex

from patterngan import figures
from patterngan.patterns import Multiples


def saved(figure):
    file = io.BytesIO()
    figure.savefig(file)
    assert file.getvalue().startswith(b"\x89PNG")
    return figure


def test_a_distribution_shows_valid_invalid_and_missing_integers():
    integers = torch.tensor([0, 0, 3, 4, 4, 4, 5, 900])
    figure = saved(figures.distributions([(integers, Multiples(4, 12), 12, "a run")]))
    (axes,) = figure.axes
    bars = {round(bar.get_x() + bar.get_width() / 2): bar for bar in axes.patches}
    heights = {number: bar.get_height() for number, bar in bars.items() if bar.get_height()}
    assert heights == {0: 2 / 8, 3: 1 / 8, 4: 3 / 8, 5: 1 / 8}
    assert to_hex(bars[4].get_facecolor()) == figures.VALID
    assert to_hex(bars[3].get_facecolor()) == figures.INVALID
    missing = next(line for line in axes.lines if line.get_label() == "missing")
    assert list(missing.get_xdata()) == [8]
    assert next(line for line in axes.lines if line.get_label() == "target").get_ydata()[0] == pytest.approx(1 / 3)


def test_quality_shows_every_seed():
    found = {"validity": {"a": [1.0, 0.9]}, "modes": {"a": [10, 8]}}
    figure = saved(figures.quality(found, {"a": 10}))
    assert [axes.get_title() for axes in figure.axes] == ["validity", "missing modes"]
    dots = figure.axes[1].lines[0]
    assert list(dots.get_xdata()) == [0, 2]


def test_a_heat_map_has_a_number_in_every_cell():
    values = {("r1", "hinge"): 3.0, ("none", "hinge"): 64.0}
    figure = saved(figures.heat_maps(["none", "r1"], ["hinge", "wasserstein"], {"modes": values}))
    assert [text.get_text() for text in figure.axes[0].texts] == ["64", "3"]


def test_trajectories_have_a_panel_each():
    path = [(1.0, 1.0), (0.5, 0.2), (0.0, 0.0)]
    figure = saved(figures.trajectories({f"run {index}": path for index in range(5)}))
    assert [axes.get_visible() for axes in figure.axes] == [True] * 5 + [False] * 3
    assert list(figure.axes[0].lines[0].get_xdata()) == [1.0, 0.5, 0.0]
