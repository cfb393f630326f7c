import io

import torch
from matplotlib.colors import to_hex

from patterngan.evaluation.automaton import Automaton, Learned
from patterngan.reporting.figures import HELD, INVALID, VALID
from patterngan.reporting.rule_figures import SAID, arrows, automaton_figure, rule_figure

LEARNED = Learned(
    Automaton(torch.tensor([[0, 1], [2, 0], [2, 2]]), torch.tensor([True, False, False])),
    explained=0.9,
    smallest=["0", "1,4", "2"],
    matches=torch.tensor([0, 1, -1]),
    right=torch.tensor([[True, True], [True, False], [False, False]]),
    purity=1.0,
)


def test_states_have_the_names_of_their_remainders_and_wrong_arrows_are_dashed():
    figure = automaton_figure(LEARNED)
    figure.savefig(io.BytesIO())
    (axes,) = figure.axes
    assert axes.get_title() == "states of D: 3 found, 3 of 6 arrows right"
    texts = [text.get_text() for text in axes.texts]
    assert sorted(texts) == sorted(["0", "1,4", "–", "0", "1", "0", "1", "0,1"])
    drawn = [patch for patch in axes.patches if hasattr(patch, "get_arrowstyle")]
    assert [arrow.get_linestyle() for arrow in drawn] == ["-", "-", "-", "--", "--"]
    assert len(axes.patches) - len(drawn) == 4  # the state that codes may end in has two circles


def test_the_symbols_of_arrows_with_the_same_ends_are_joined():
    assert arrows(LEARNED) == {(0, 0): [0], (0, 1): [1], (1, 2): [0], (1, 0): [1], (2, 2): [0, 1]}


def test_what_discriminators_say_is_drawn_to_one_scale():
    said = [
        (title, {tag: {0: 0.0, 100: height + index} for index, (tag, _) in enumerate(SAID.values())})
        for title, height in (("a", -20.0), ("b", 3.0))
    ]
    figure = rule_figure(said, LEARNED)
    figure.savefig(io.BytesIO())
    first, second, last = figure.axes
    assert [axes.get_title() for axes in (first, second)] == ["a", "b"]
    assert first.get_ylim() == second.get_ylim()
    assert first.get_ylim()[0] < -20
    assert first.get_ylim()[1] > 5
    assert last.get_title().startswith("states of D")
    lines = {line.get_label(): line for line in first.lines}
    for name, color in (("shown", VALID), ("held out", HELD), ("invalid", INVALID)):
        assert to_hex(lines[name].get_color()) == color
        assert lines[name].get_ydata()[1] == said[0][1][SAID[name][0]][100]
