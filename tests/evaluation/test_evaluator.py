import pytest
import torch

from patterngan.data.encodings import Binary
from patterngan.data.patterns import Multiples
from patterngan.evaluation.evaluator import SHOWN, Evaluator
from patterngan.gan.noise import Bits, Gaussian

CPU = torch.device("cpu")


def generator(noise):
    return (noise[..., :3] > 0).float()


def evaluator(noise, samples=1000, seed=3):
    return Evaluator(Multiples(2, 8), Binary(8), noise, seed, samples)


def evaluate(ours, discriminator=lambda codes: codes.sum(-1)):
    return ours(generator, discriminator, ours.draw(CPU))


def test_each_real_is_scored_once_where_they_are_few():
    def discriminator(codes):
        return codes @ torch.tensor([4.0, 2.0, 1.0])  # the integer itself

    evaluation = evaluate(evaluator(Gaussian(4)), discriminator)
    expected = torch.tensor([0.0, 2.0, 4.0, 6.0]).sigmoid().mean()
    assert evaluation.metrics["d_real"] == pytest.approx(expected.item(), abs=1e-6)


def test_the_same_noise_is_used_every_time_and_another_for_another_seed():
    first, again, other = (evaluate(evaluator(Gaussian(4), seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert first.metrics["entropy"] != other.metrics["entropy"]
    assert len(first.integers) == SHOWN


def test_few_random_bits_are_enumerated():
    evaluation = evaluate(evaluator(Bits(3), samples=1))
    assert evaluation.metrics["exact"] is True
    assert evaluation.metrics["samples"] == 8
    assert evaluation.metrics["validity"] == 0.5


@pytest.mark.parametrize(("capacity", "drawn"), [(2048, True), (2049, False)])
def test_too_many_integers_are_not_drawn(capacity, drawn):
    encoding = Binary(capacity)
    ours = Evaluator(Multiples(2, 8), encoding, Gaussian(encoding.width), seed=3, samples=10)
    evaluation = ours(lambda noise: noise.sigmoid(), lambda codes: codes.sum(-1), ours.draw(CPU))
    assert (evaluation.portrait is not None) == drawn
