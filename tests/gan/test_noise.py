import pytest
import torch

from patterngan.gan.noise import ENUMERABLE_BITS, Bits, Gaussian, Joined, Nothing, Shared, StepwiseGaussian, Uniform
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


def test_joined_laws_stand_side_by_side():
    noise = Joined(Bits(2), Uniform(3)).sample((1000,), torch.Generator().manual_seed(0))
    assert noise.shape == (1000, 5)
    assert set(noise[:, :2].unique().tolist()) == {0.0, 1.0}
    assert len(noise[:, 2:].unique()) > 2900


def test_the_latent_part_alone_is_repeated_over_groups():
    noise = Shared(Gaussian(3), latent=2, count=4).sample((2, 8), torch.Generator().manual_seed(0))
    groups = noise.unflatten(1, (2, 4))
    assert torch.equal(groups[..., :2], groups[:, :, :1, :2].expand(-1, -1, 4, -1))
    assert len(groups[..., :2].unique()) == 2 * 2 * 2  # of each batch and group, two numbers
    assert len(groups[..., 2].unique()) == 2 * 8


def test_numbers_drawn_step_by_step_are_those_of_one_step_after_the_other():
    whole, source = (
        StepwiseGaussian(5).sample((4, 3), torch.Generator().manual_seed(0)),
        torch.Generator().manual_seed(0),
    )
    assert torch.equal(whole, torch.stack([Gaussian(5).sample((3,), source) for _ in range(4)]))


def test_nothing_has_no_entries():
    assert Nothing().sample((4,), torch.Generator()).shape == (4, 0)


@pytest.mark.parametrize("noise", [Bits, Gaussian])
def test_an_empty_noise_is_refused(noise):
    with pytest.raises(InvalidValueError, match="^dim=0: "):
        noise(0)
