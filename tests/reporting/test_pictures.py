import io

import numpy as np
import pytest
import torch
from PIL import Image

from patterngan.evaluation.portraits import Portrait
from patterngan.reporting.pictures import Album, frames


def portrait(seed, spread):
    torch.manual_seed(seed)
    law = torch.softmax(spread * torch.randn(33), 0)
    target = torch.zeros(33)
    target[:32:2] = 1 / 16
    held, symbols = (target > 0) & (torch.arange(33) > 20), torch.tensor([3, 2])
    return Portrait(law, target, torch.rand(32), torch.rand(10, 5), torch.randint(40, (10,)), held, symbols)


def opened(png):
    return np.array(Image.open(io.BytesIO(png)))


@pytest.mark.parametrize("spreads", [(0.1, 0.1), (0.1, 5.0), (5.0, 0.1)])
def test_a_picture_drawn_again_is_the_same_as_a_new_one(spreads):
    first, second = (portrait(seed, spread) for seed, spread in enumerate(spreads))
    used = Album(first)
    before = used.draw(first)
    after = used.draw(second)
    assert list(after) == ["pictures/distribution", "pictures/d_scores", "pictures/codes"]
    for tag, png in Album(first).draw(second).items():
        assert opened(png).shape == (260, 500, 3)
        assert np.array_equal(opened(after[tag]), opened(png))
        assert not np.array_equal(opened(after[tag]), opened(before[tag]))


def test_a_film_has_a_frame_for_each_portrait():
    drawn = frames({0: portrait(0, 0.1), 50: portrait(1, 5.0)})
    assert [(image.size, image.mode) for image in drawn] == [((740, 340), "RGB")] * 2
    assert drawn[0].tobytes() != drawn[1].tobytes()
