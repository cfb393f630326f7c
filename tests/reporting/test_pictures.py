import io

import numpy as np
import pytest
import torch
from PIL import Image

from patterngan.evaluation.portraits import Portrait
from patterngan.reporting.pictures import Album, frames, png


def portrait(seed, spread):
    torch.manual_seed(seed)
    law = torch.softmax(spread * torch.randn(33), 0)
    target = torch.zeros(33)
    target[:32:2] = 1 / 16
    return Portrait(law, target, torch.rand(32), torch.rand(10, 5), torch.randint(40, (10,)))


@pytest.mark.parametrize("spreads", [(0.1, 0.1), (0.1, 5.0), (5.0, 0.1)])
def test_a_picture_drawn_again_is_the_same_as_a_new_one(spreads):
    first, second = (portrait(seed, spread) for seed, spread in enumerate(spreads))
    used = Album(first)
    before = used.draw(first)
    after = used.draw(second)
    assert list(after) == ["distribution", "verdicts", "codes"]
    for name, pixels in Album(first).draw(second).items():
        assert pixels.shape == (260, 500, 3)
        assert np.array_equal(after[name], pixels)
        assert not np.array_equal(after[name], before[name])


def test_a_picture_becomes_a_file():
    pixels = Album(portrait(0, 1.0)).draw(portrait(0, 1.0))["codes"]
    assert np.array_equal(np.array(Image.open(io.BytesIO(png(pixels)))), pixels)


def test_a_film_has_a_frame_for_each_portrait():
    drawn = frames({0: portrait(0, 0.1), 50: portrait(1, 5.0)})
    assert [pixels.shape for pixels in drawn] == [(340, 740, 3)] * 2
    assert not np.array_equal(*drawn)
