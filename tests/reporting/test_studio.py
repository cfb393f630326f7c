import pytest
import torch

from patterngan.evaluation.portraits import Portrait
from patterngan.reporting import figures
from patterngan.reporting.studio import Studio


def portrait(seed, integers=32, shown=10):
    torch.manual_seed(seed)
    target = torch.zeros(integers + 1)
    target[:integers:2] = 2 / integers
    law = torch.softmax(4 * seed * torch.randn(integers + 1), 0)
    codes, shown_integers = torch.rand(shown, 5), torch.randint(40, (shown,))
    held = torch.zeros(integers + 1, dtype=torch.bool)
    return Portrait(law, target, torch.rand(integers), codes, shown_integers, held, torch.tensor([3, 2]))


@pytest.mark.parametrize("kind", [figures.Bars, figures.DScores, figures.Codes])
@pytest.mark.parametrize("other", [portrait(1), portrait(1, integers=8), portrait(1, shown=3)])
def test_what_a_used_studio_draws_is_what_a_new_one_does(kind, other):
    used = Studio()
    for shown in (portrait(0), other, portrait(0)):
        drawn = used.portrait(shown, kind)
        assert drawn == Studio().portrait(shown, kind)
    assert drawn != used.portrait(other, kind)
    assert drawn.startswith("<svg")


def test_figures_of_many_integers_stay_small():
    for kind in (figures.Bars, figures.DScores, figures.Codes):
        drawn = Studio().portrait(portrait(1, integers=2048), kind)
        assert len(drawn) < 150_000
        assert "<image" in drawn
    assert "<image" not in Studio().portrait(portrait(1), figures.Bars)


def test_curves_of_a_used_studio_are_those_of_a_new_one():
    used = Studio()
    for curves in ({"D": {0: 0.5, 9: 1.0}}, {"D": {0: 90.0, 5: 1.0}}, {"D": {0: 0.5, 9: 1.0}, "$G$": {0: 1.0}}):
        colors = dict.fromkeys(curves, figures.VALID)
        drawn = used.curves(curves, colors, "loss")
        assert drawn == Studio().curves(curves, colors, "loss")
    assert "$G$" in drawn


def test_an_album_is_kept_for_portraits_of_its_sizes():
    studio = Studio()
    assert studio.album(portrait(0)) is studio.album(portrait(1))
    assert studio.album(portrait(0, integers=8)) is not studio.album(portrait(0))
