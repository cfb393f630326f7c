import base64
import json

import numpy as np
import pytest
import torch

from patterngan.evaluation.portraits import MOST_INTEGERS, MOST_PORTRAITS, Portrait
from patterngan.reporting.figures import MOST_BARS
from patterngan.reporting.playback import playback


def portrait(seed=0, capacity=6, above=0.0, held=False, symbols=(3, 2)):
    """Of a GAN on the even numbers below its capacity, of which it may have been shown no 4."""
    torch.manual_seed(seed)
    law = torch.softmax(torch.randn(capacity), 0) * (1 - above)
    numbers = torch.arange(capacity + 1)
    real = (numbers % 2 == 0) & (numbers < capacity)
    return Portrait(
        torch.cat([law, torch.tensor([above])]),
        real / real.sum(),
        torch.rand(capacity),
        torch.rand(2, sum(symbols)),
        torch.tensor([4, 2**62]),
        real & (numbers == 4) & held,
        torch.tensor(symbols),
    )


def unpacked(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def test_numbers_come_back_step_by_step():
    portraits = {0: portrait(0), 250: portrait(1), 300: portrait(2)}
    numbers = json.loads(json.dumps(playback(portraits)))
    assert numbers["steps"] == [0, 250, 300]
    assert (numbers["capacity"], numbers["width"], numbers["partings"]) == (6, 5, [3])
    assert numbers["target"] == pytest.approx(1 / 3)
    assert unpacked(numbers["kinds"], "u1").tolist() == [1, 0, 1, 0, 1, 0]
    for place, one in enumerate(portraits.values()):
        assert unpacked(numbers["laws"][place], "<f4").tolist() == one.law[:-1].tolist()
        assert unpacked(numbers["scores"][place], "<u2") / 65535 == pytest.approx(one.d_scores.numpy(), abs=1e-5)
        codes = unpacked(numbers["codes"][place], "u1").reshape(2, 5) / 254
        assert codes == pytest.approx(one.codes.numpy(), abs=1 / 254)
    assert numbers["integers"] == [["4", str(2**62)]] * 3  # JavaScript's numbers would round it


def test_integers_above_the_capacity_have_an_entry_where_there_are_any():
    numbers = playback({0: portrait(0), 1: portrait(1, above=0.25)})
    assert [len(unpacked(law, "<f4")) for law in numbers["laws"]] == [7, 7]
    assert unpacked(numbers["laws"][1], "<f4")[-1] == 0.25
    assert unpacked(numbers["kinds"], "u1")[-1] == 0


def test_what_is_held_out_is_a_kind_of_its_own():
    assert playback({0: portrait()})["names"] == ["invalid", "valid"]
    numbers = playback({0: portrait(held=True)})
    assert numbers["names"] == ["invalid", "valid", "held out"]
    assert unpacked(numbers["kinds"], "u1").tolist() == [1, 0, 1, 0, 2, 0]
    assert len({numbers["colors"][name] for name in (*numbers["names"], "missing", "target")}) == 5


def test_entries_that_are_not_there_and_those_out_of_bounds_are_told_apart():
    codes = torch.tensor([[-1.0, -0.5, 0.0, 1.0, 7.0]] * 2)
    numbers = playback({0: portrait()._replace(codes=codes)})
    assert unpacked(numbers["codes"][0], "u1").tolist() == [255, 0, 0, 254, 254] * 2


def test_portraits_of_other_sizes_are_left_out():
    assert playback({0: portrait(capacity=8), 10: portrait(), 20: portrait(symbols=(1,) * 5)})["steps"] == [10, 20]
    assert playback({}) is None


@pytest.mark.parametrize(("capacity", "has_dots"), [(MOST_BARS, False), (MOST_BARS + 1, True)])
def test_many_integers_have_dots(capacity, has_dots):
    assert playback({0: portrait(capacity=capacity)})["has_dots"] == has_dots


def test_the_largest_playback_is_small():
    numbers = playback(dict.fromkeys(range(MOST_PORTRAITS + 1), portrait(capacity=MOST_INTEGERS)))
    assert len(json.dumps(numbers)) < 650_000
