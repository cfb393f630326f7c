import io

import pytest
from matplotlib.colors import to_hex

from patterngan.evaluation.registry import metric_named
from patterngan.reporting import charts
from patterngan.reporting.charts import COLOURS, Band, HeatMap
from patterngan.reporting.figures import TARGET, VALID


def saved(figure):
    file = io.BytesIO()
    figure.savefig(file)
    assert file.getvalue().startswith(b"\x89PNG")
    return figure


def flat(value, steps=(0, 100)):
    """A band whose three lines are one."""
    return Band(steps, [value] * len(steps), [value] * len(steps), [value] * len(steps))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("tv", "tv (lower is better)"),
        ("coverage", "coverage (higher is better)"),
        ("kl", "kl (nats, lower is better)"),
        ("validity_12", "validity_12 (higher is better)"),
        ("d_real", "d_real"),
        ("1 - validity", "1 - validity"),
    ],
)
def test_an_axis_says_what_its_metric_is_its_unit_and_which_way_is_better(name, label):
    assert charts.axis_label(name) == label


def test_learning_curves_have_the_colours_of_their_settings_and_a_band():
    bands = [Band([0, 100], [0.5, 0.2], [0.4, 0.1], [0.6, 0.3]), Band([0, 50], [0.5, 0.3], [0.5, 0.3], [0.5, 0.3])]
    (axes,) = saved(charts.learning_curves(bands, metric_named("tv"), [])).axes
    lines = {line.get_color(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}
    assert lines == {COLOURS[0]: ([0, 100], [0.5, 0.2]), COLOURS[1]: ([0, 50], [0.5, 0.3])}
    band = next(one for one in axes.collections if to_hex(one.get_facecolor()[0]) == COLOURS[0])
    assert {tuple(point) for point in band.get_paths()[0].vertices} == {(0, 0.4), (0, 0.6), (100, 0.1), (100, 0.3)}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("GAN step", "tv (lower is better)")


def test_settings_without_a_colour_are_grey_and_have_no_band():
    bands = [flat(0.1 * number) for number in range(len(COLOURS) + 2)]
    (axes,) = saved(charts.learning_curves(bands, metric_named("coverage"), [])).axes
    assert sorted(line.get_color() for line in axes.lines) == sorted([*COLOURS, TARGET, TARGET])
    assert len(axes.collections) == len(COLOURS)


def test_every_floor_has_a_dashed_line_and_the_highest_one_their_name():
    (axes,) = saved(charts.learning_curves([flat(0.5)], metric_named("tv"), [0.03, 0.07])).axes
    dashed = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert dashed == [0.03, 0.07]
    assert [text.get_text() for text in axes.texts] == ["floor"]


@pytest.mark.parametrize(
    ("name", "medians", "scale", "limits"),
    [
        ("coverage", (0.1, 0.14), "linear", (0, 1.02)),
        ("tv", (0.5, 0.2), "linear", (0, None)),
        ("tv", (0.5, 0.002), "log", (None, None)),
        ("tv", (0.5, 0.0), "linear", (0, None)),
    ],
)
def test_a_share_that_should_rise_has_its_whole_axis_and_others_what_they_need(name, medians, scale, limits):
    band = Band([0, 100], medians, medians, medians)
    (axes,) = saved(charts.learning_curves([band], metric_named(name), [])).axes
    assert axes.get_yscale() == scale
    for wanted, limit in zip(limits, axes.get_ylim(), strict=True):
        assert wanted in (None, limit)


def test_a_spread_has_a_row_for_each_name_and_a_bar_at_its_median():
    (axes,) = saved(charts.spread(["a", "b"], {"tv": [[0.1, 0.3, 0.2], []]})).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    dots, bar, empty = axes.lines
    assert (list(dots.get_xdata()), list(dots.get_ydata())) == ([0.1, 0.3, 0.2], [0, 0, 0])
    assert (list(bar.get_xdata()), list(empty.get_xdata())) == ([0.2], [])
    assert axes.get_xlabel() == "tv"


def test_long_names_stand_above_their_rows_and_leave_the_width_to_the_dots():
    names = ["objective=nonsaturating lr=0.001", "b"]
    figure = saved(charts.spread(names, {"tv": [[0.1], [0.2]], "validity": [[0.9], [0.8]]}))
    first, second = figure.axes
    assert [text.get_text() for text in first.texts] == names
    assert not second.texts
    assert first.get_window_extent().width > 0.4 * figure.get_window_extent().width


def test_values_that_lie_close_have_whole_numbers_at_their_ticks():
    figure = saved(charts.spread(["a", "b"], {"validity": [[0.999991, 0.999992], [0.999995]]}))
    assert figure.axes[0].xaxis.get_offset_text().get_text() == ""


def test_a_floor_crosses_no_name():
    names = ["objective=nonsaturating lr=0.001", "b"]
    (axes,) = saved(charts.spread(names, {"tv": [[0.1], [0.3]]}, [0.05, None])).axes
    (segment,) = axes.collections[0].get_segments()
    place = axes.texts[0].get_window_extent().transformed(axes.transData.inverted())
    assert max(place.y0, place.y1) < segment[:, 1].min()


def test_the_letters_beside_a_small_heat_map_are_whole():
    figure = saved(charts.heat_maps(["1"], ["2"], [HeatMap("median coverage", "coverage", {("1", "2"): 0.5})]))
    label = figure.axes[1].yaxis.label.get_window_extent()
    assert 0 <= label.y0 < label.y1 <= figure.bbox.y1


def test_each_row_of_a_spread_has_its_floor():
    (axes,) = saved(charts.spread(["a", "b", "c"], {"tv": [[0.1], [0.2], [0.3]]}, [0.05, None, 0.07])).axes
    segments = [one.get_segments()[0].tolist() for one in axes.collections]
    assert segments == [[[0.05, -0.5], [0.05, 0.5]], [[0.07, 1.5], [0.07, 2.5]]]


def test_a_heat_map_has_a_number_in_every_cell_with_a_value():
    values = {("r1", "hinge"): 3.0, ("none", "hinge"): 64.0}
    panel = HeatMap("median modes", "modes", values)
    axes, bar = saved(charts.heat_maps(["none", "r1"], ["hinge", "wasserstein"], [panel])).axes
    assert {text.get_position(): text.get_text() for text in axes.texts} == {(0, 0): "64", (0, 1): "3"}
    assert [text.get_color() for text in axes.texts] == ["w", "k"]
    assert bar.get_ylabel() == "modes (integers, higher is better)"


def test_brighter_is_better_on_one_scale_whatever_the_values():
    def brightness(metric, values):
        cells = {("a", str(number)): value for number, value in enumerate(values)}
        figure = charts.heat_maps(["a"], [str(number) for number in range(len(values))], [HeatMap("", metric, cells)])
        (image,) = figure.axes[0].images
        return [sum(image.to_rgba(value)[:3]) for value in values]

    tv, validity = brightness("tv", [0.9, 0.5, 0.1]), brightness("validity", [0.1, 0.5, 0.9])
    assert tv == pytest.approx(validity, abs=0.01)
    assert tv == sorted(tv)
    assert brightness("tv", [0.4, 0.1])[1] == tv[2]
    assert brightness("kl", [2.0, 1.0]) == sorted(brightness("kl", [2.0, 1.0]))


def test_the_floor_is_a_line_in_the_bar_of_colours():
    panels = [HeatMap("", "tv", {("a", "b"): 0.5}, floor) for floor in (0.07, None)]
    _, _, with_floor, without = saved(charts.heat_maps(["a"], ["b"], panels)).axes
    assert [line.get_ydata()[0] for line in with_floor.lines] == [0.07]
    assert not without.lines


def test_trajectories_have_a_panel_each():
    path = [(1.0, 1.0), (0.5, 0.2), (0.0, 0.0)]
    figure = saved(charts.trajectories({f"run {index}": path for index in range(5)}))
    assert [axes.get_visible() for axes in figure.axes] == [True] * 5 + [False] * 3
    assert list(figure.axes[0].lines[0].get_xdata()) == [1.0, 0.5, 0.0]
    assert figure.axes[0].lines[0].get_color() == VALID
