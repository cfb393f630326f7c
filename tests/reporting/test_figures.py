import io

import pytest
import torch
from matplotlib.colors import to_hex

from patterngan.evaluation.portraits import Portrait
from patterngan.reporting import figures

SCORES = torch.linspace(0, 1, 12)


def saved(figure):
    file = io.BytesIO()
    figure.savefig(file)
    assert file.getvalue().startswith(b"\x89PNG")
    return figure


def shown(portrait, kind):
    """The axes of a panel that shows a portrait."""
    figure, axes = figures.panel()
    kind(axes, portrait).show(portrait)
    return saved(figure).axes[0]


@pytest.fixture
def portrait():
    """Of a GAN on the multiples of four below 12, of which it misses 8."""
    integers, codes = torch.tensor([0, 0, 3, 4, 4, 4, 5, 900]), torch.eye(2, 4)
    return Portrait(
        torch.bincount(integers.clamp(max=12), minlength=13) / 8,
        torch.tensor([1.0, 0, 0, 0] * 3 + [0]) / 3,
        SCORES,
        codes,
        torch.tensor([8, 900]),
        torch.zeros(13, dtype=torch.bool),
        torch.ones(4, dtype=torch.int64),
    )


def heights(outline):
    values, edges, _ = outline.get_data()
    return {round((low + high) / 2): value for value, low, high in zip(values, edges, edges[1:], strict=False) if value}


def test_bars_show_valid_invalid_and_missing_integers(portrait):
    axes = figures.auto_figure(5, 3).subplots()
    bars = figures.Bars(axes, portrait)
    bars.show(portrait)
    assert heights(bars.marks["valid"]) == {0: 2 / 8, 4: 3 / 8}
    assert heights(bars.marks["invalid"]) == {3: 1 / 8, 5: 1 / 8, 12: 1 / 8}
    assert list(bars.missing.get_xdata()) == [8]
    colors = [to_hex(outline.get_facecolor()) for outline in bars.marks.values()]
    assert [*colors, bars.missing.get_color()] == [figures.VALID, figures.INVALID, figures.MISSING]
    target = next(line for line in axes.lines if line.get_label() == "target")
    assert target.get_ydata()[0] == pytest.approx(1 / 3)


def test_a_law_of_many_integers_has_a_dot_for_each(portrait):
    integers = figures.MOST_BARS + 1
    law = torch.linspace(0, 1, integers + 1)
    target = (torch.arange(integers + 1) % 4 == 0) / 128
    many = portrait._replace(law=law, target=target, held=target < 0, d_scores=law[1:])
    lines = {line.get_label(): line for line in shown(many, figures.Bars).lines}
    assert list(lines["valid"].get_xdata()) == list(range(0, integers + 1, 4))
    assert list(lines["valid"].get_ydata()) == law[::4].tolist()
    assert len(lines["invalid"].get_xdata()) == integers + 1 - len(law[::4])
    assert list(lines["missing"].get_xdata()) == [0]


@pytest.mark.parametrize("peak", [1e-9, 0.02, 0.3, 1.0])
def test_every_bar_fits_into_the_axis_which_changes_seldom(portrait, peak):
    law = torch.full((64,), (1 - peak) / 63)
    law[3] = peak
    peaked = portrait._replace(law=law, target=torch.full((64,), 1 / 64), held=torch.zeros(64, dtype=torch.bool))
    axes = figures.auto_figure(5, 3).subplots()
    bars = figures.Bars(axes, peaked)
    bars.show(peaked)
    limits = axes.get_ylim()
    assert limits[1] > max(peak, 1 / 64)
    bars.show(peaked._replace(law=law.flip(0)))
    assert axes.get_ylim() == limits


def test_laws_that_are_shown_beside_each_other_have_one_scale(portrait):
    peaked = portrait._replace(law=torch.eye(13)[0], target=portrait.target / 20)
    flat = peaked._replace(law=torch.ones(13) / 60)
    bars, limits = figures.Bars(figures.panel()[1], flat), []
    for laws in ((flat,), (flat, peaked), (peaked, flat)):
        bars.show(*laws)
        limits.append(bars.axes.get_ylim()[1])
    assert limits[1] == limits[2]
    assert limits[0] < 0.5 < 1 < limits[1]


def test_what_is_held_out_has_a_colour_of_its_own(portrait):
    portrait = portrait._replace(held=torch.arange(13) == 4)
    bars = figures.Bars(figures.panel()[1], portrait)
    bars.show(portrait)
    assert heights(bars.marks["held out"]) == {4: 3 / 8}
    assert heights(bars.marks["valid"]) == {0: 2 / 8}
    assert to_hex(bars.marks["held out"].get_facecolor()) == figures.HELD
    dots = {line.get_label(): list(line.get_xdata()) for line in shown(portrait, figures.DScores).lines}
    assert (dots["held out"], dots["valid"]) == ([4], [0, 8])
    codes = shown(portrait._replace(integers=torch.tensor([4, 900])), figures.Codes)
    assert [text.get_color() for text in codes.texts] == [figures.HELD, figures.INVALID]
    assert len({figures.VALID, figures.INVALID, figures.MISSING, figures.TARGET, figures.HELD}) == 5


@pytest.mark.parametrize(("symbols", "edges"), [([1, 1, 1, 1], []), ([3, 1], [2.5]), ([2, 2], [1.5]), ([4], [])])
def test_one_hots_are_parted_and_bits_are_not(portrait, symbols, edges):
    axes = shown(portrait._replace(symbols=torch.tensor(symbols)), figures.Codes)
    assert [line.get_xdata()[0] for line in axes.lines] == edges


@pytest.mark.parametrize("kind", [figures.Bars, figures.DScores, figures.Codes])
def test_every_axis_has_a_label(portrait, kind):
    axes = shown(portrait, kind)
    assert axes.get_xlabel()
    assert axes.get_ylabel()


def test_d_scores_of_valid_and_invalid_integers_differ_in_colour(portrait):
    axes = shown(portrait, figures.DScores)
    valid, invalid = (next(line for line in axes.lines if line.get_label() == name) for name in ("valid", "invalid"))
    assert list(valid.get_xdata()) == [0, 4, 8]
    assert list(valid.get_ydata()) == SCORES[::4].tolist()
    assert len(invalid.get_xdata()) == 9


def test_codes_stand_beside_their_integers(portrait):
    axes = shown(portrait, figures.Codes)
    assert [(text.get_text(), text.get_color()) for text in axes.texts] == [
        ("8", figures.VALID),
        ("900", figures.INVALID),
    ]
    assert axes.images[0].get_array().tolist() == portrait.codes.tolist()


@pytest.mark.parametrize("size", [(5, 2.6), (7.4, 3.4)])
def test_labels_lie_between_the_numbers_of_the_axes_and_the_edge(portrait, size):
    figure, axes = figures.panel(*size)
    bars = figures.Bars(axes, portrait._replace(target=portrait.target / 100))
    bars.show(portrait._replace(law=portrait.law / 100))
    saved(figure)
    boxes = {name: axis.label.get_window_extent() for name, axis in (("x", axes.xaxis), ("y", axes.yaxis))}
    assert boxes["y"].x0 > 0
    assert boxes["y"].x1 < min(label.get_window_extent().x0 for label in axes.get_yticklabels())
    assert boxes["x"].y0 > 0
    assert boxes["x"].y1 < min(label.get_window_extent().y0 for label in axes.get_xticklabels())


def test_laws_stand_side_by_side_with_titles_as_they_are(portrait):
    figure = saved(figures.side_by_side([(portrait, "a $run"), (portrait, "b_$x$")], figures.Bars))
    assert [axes.get_title() for axes in figure.axes] == ["a $run", "b_$x$"]


def test_a_third_gan_begins_a_new_row(portrait):
    figure = saved(figures.side_by_side([(portrait, name) for name in "abc"], figures.Bars))
    places = [axes.get_subplotspec() for axes in figure.axes if axes.get_visible()]
    assert [(place.rowspan.start, place.colspan.start) for place in places] == [(0, 0), (0, 1), (1, 0)]


def test_d_scores_stand_side_by_side_with_titles_as_they_are(portrait):
    figure = saved(figures.side_by_side([(portrait, "a $run"), (portrait, "b_$x$")], figures.DScores))
    assert [axes.get_title() for axes in figure.axes] == ["a $run", "b_$x$"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["D(x)", "D(x)"]


def test_a_curve_of_one_point_is_a_dot_at_a_whole_step():
    figure, axes = figures.panel()
    curves = figures.Curves(axes, {"D": figures.VALID}, "loss")
    curves.show({"D": {0: 0.5}})
    saved(figure)
    assert curves.lines["D"].get_marker() == "o"
    assert all(tick.is_integer() for tick in axes.get_xticks())
    curves.show({"D": {0: 0.5, 1: 0.25}})
    assert curves.lines["D"].get_marker() == ""


def test_curves_have_names_and_steps_and_set_the_scale_each_time():
    figure, axes = figures.panel()
    curves = figures.Curves(axes, {"D": figures.VALID, "G": figures.HELD}, "loss")
    curves.show({"D": {0: 0.5, 1000: 8.0}, "G": {0: 1.0}})
    curves.show({"D": {0: 0.5, 10: 0.25}, "G": {0: 1.0}})
    saved(figure)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("GAN step", "loss")
    assert 10 < axes.get_xlim()[1] < 11
    assert 1 < axes.get_ylim()[1] < 1.1
    assert [(line.get_label(), list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines] == [
        ("D", [0, 10], [0.5, 0.25]),
        ("G", [0], [1.0]),
    ]
    assert [line.get_color() for line in axes.lines] == [figures.VALID, figures.HELD]
