import pytest

from patterngan.reporting import search_figures
from patterngan.reporting.figures import MISSING, TARGET
from patterngan.reporting.search_figures import bars, figures_of, history, parallel
from tests.reporting.test_charts import saved
from tests.reporting.test_search import folder, found, note, run  # noqa: F401


def test_the_history_has_every_trial_and_the_best_so_far(folder):  # noqa: F811
    search = found(folder)
    (axes,) = saved(history(search)).axes
    dots, best = axes.lines
    values = [value for _, value in search.completed]
    assert list(dots.get_xdata()) == list(range(8))
    assert list(dots.get_ydata()) == values
    assert list(best.get_ydata()) == [min(values[: count + 1]) for count in range(8)]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("trial", "tv (lower is better)")


def test_what_should_rise_has_a_rising_history(folder):  # noqa: F811
    note(folder, metric="validity", direction="maximize")
    (axes,) = saved(history(found(folder))).axes
    assert list(axes.lines[1].get_ydata()) == [0.5] * 8


def test_a_sampled_tv_has_its_floor(tmp_path):
    for number in range(2):
        run(tmp_path / str(number), overrides=["lr=1e-3", "architecture.width=16"], tv=0.5, tv_floor=0.05)
    note(tmp_path)
    (axes,) = saved(history(found(tmp_path))).axes
    assert [text.get_text() for text in axes.texts] == ["floor"]
    assert axes.lines[2].get_ydata()[0] == 0.05


def test_trials_are_lines_over_what_they_chose_the_best_on_top(folder):  # noqa: F811
    search = found(folder)
    (axes,) = saved(parallel(search)).axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert [line.get_color() for line in lines].count(MISSING) == 1
    assert [line.get_color() for line in lines].count(TARGET) == 6
    assert lines[-1].get_color() == MISSING
    row, _ = search.best
    places = [one.place(row.overrides[one.key]) for one in search.parameters]
    assert list(lines[-1].get_ydata()) == pytest.approx([*places, 0])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["lr", "architecture.\nwidth", "tv"]
    ends = [text.get_text() for text in axes.texts]
    assert ends[:4] == ["0.0001", "0.01", "16", "32"]


def test_bars_name_their_keys_and_shares():
    (axes,) = saved(bars({"optimizer.discriminator.lr": 0.75, "width": 0.25})).axes
    assert [text.get_text() for text in axes.texts] == ["optimizer.discriminator.lr  0.75", "width  0.25"]
    assert [patch.get_width() for patch in axes.patches] == [0.75, 0.25]


@pytest.mark.parametrize("shares", [{}, {"lr": 1.0}])
def test_importances_are_drawn_where_they_are_known(folder, monkeypatch, shares):  # noqa: F811
    monkeypatch.setattr(search_figures, "importances", lambda search: shares)
    drawn = figures_of(found(folder))
    assert [caption.partition(":")[0] for caption in drawn] == [
        "Optimisation history",
        "Parallel coordinates",
        *(["Importances"] if shares else []),
    ]


def test_a_search_without_a_completed_trial_has_no_figures(tmp_path):
    run(tmp_path / "0", "failed", ["lr=1e-3", "architecture.width=16"], "no")
    note(tmp_path)
    assert figures_of(found(tmp_path)) == {}
