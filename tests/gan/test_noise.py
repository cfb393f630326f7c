import pytest
import torch

from patterngan.gan.noise import ENUMERABLE_BITS, Bits, Gaussian
from patterngan.validation import InvalidValueError


def test_bits_are_fair_and_gaussians_standard():
    source = torch.Generator().manual_seed(0)
    bits = Bits(3).sample((4, 10_000), source)
    assert bits.shape == (4, 10_000, 3)
    assert set(bits.unique().tolist()) == {0.0, 1.0}
    assert bits.mean() == pytest.approx(0.5, abs=0.01)
    numbers = Gaussian(2).sample((50_000,), source)
    assert numbers.shape == (50_000, 2)
    assert numbers.mean() == pytest.approx(0, abs=0.02)
    assert numbers.std() == pytest.approx(1, abs=0.02)


def test_few_bits_are_listed_each_vector_once():
    listed = Bits(5).enumerate(torch.device("cpu"))
    assert listed.shape == (32, 5)
    assert len({tuple(row) for row in listed.tolist()}) == 32


def test_many_bits_and_gaussians_cannot_be_listed():
    assert Bits(ENUMERABLE_BITS + 1).enumerate(torch.device("cpu")) is None
    assert Gaussian(1).enumerate(torch.device("cpu")) is None


@pytest.mark.parametrize("noise", [Bits, Gaussian])
def test_an_empty_noise_is_refused(noise):
    with pytest.raises(InvalidValueError, match="^dim=0: "):
        noise(0)
