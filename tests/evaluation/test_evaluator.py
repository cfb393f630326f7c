import pytest
import torch

from patterngan.data.encodings import Binary
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Multiples
from patterngan.evaluation.evaluator import SHOWN, Evaluator
from patterngan.gan.heads import gumbel_straight_through, sigmoid
from patterngan.gan.noise import Bits, Gaussian, Joined, Nothing, Uniform

CPU = torch.device("cpu")


def generator(noise):
    return (noise[..., :3] > 0).float()


def evaluator(noise, samples=1000, seed=3):
    return Evaluator(Multiples(2, 8), Binary(8), noise, sigmoid(), seed, samples)


def evaluate(ours, discriminator=lambda codes: codes.sum(-1)):
    return ours(generator, discriminator, ours.draw(CPU))


def test_each_real_is_scored_once_where_they_are_few():
    def discriminator(codes):
        return codes @ torch.tensor([4.0, 2.0, 1.0])  # the integer itself

    evaluation = evaluate(evaluator(Gaussian(4)), discriminator)
    expected = torch.tensor([0.0, 2.0, 4.0, 6.0]).sigmoid().mean()
    assert evaluation.metrics["d_real"] == pytest.approx(expected.item(), abs=1e-6)


def test_of_a_holdout_logits_are_kept_unless_d_compares_codes():
    pattern = HeldOut(Multiples(2, 8), 2)
    for compared, kept in ((1, {"d_seen", "d_unseen", "d_invalid"}), (3, set())):
        ours = Evaluator(pattern, Binary(8), Gaussian(4), sigmoid(), 3, 999, compared=compared)
        metrics = evaluate(ours, lambda codes, packs=compared: codes.sum(-1)[::packs]).metrics
        assert {name for name in metrics if name in ("d_seen", "d_unseen", "d_invalid")} == kept


def test_the_same_noise_is_used_every_time_and_another_for_another_seed():
    first, again, other = (evaluate(evaluator(Gaussian(4), seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert first.metrics["entropy"] != other.metrics["entropy"]
    assert len(first.integers) == SHOWN


def test_few_random_bits_are_enumerated():
    evaluation = evaluate(evaluator(Bits(3), samples=1))
    assert evaluation.metrics["exact"] is True
    assert (evaluation.metrics["samples"], evaluation.metrics["modes"]) == (1, 0.5)  # half the draws are even
    assert evaluation.metrics["validity"] == 0.5


def test_samples_are_counted_where_they_are_asked_for():
    ours = Evaluator(Multiples(2, 8), Binary(8), Bits(3), sigmoid(), seed=3, samples=500, exact=False)
    metrics = evaluate(ours).metrics
    assert (metrics["exact"], metrics["samples"], metrics["modes"]) == (False, 500, 4)
    assert metrics["tv_floor"] > 0


@pytest.mark.parametrize("compared", [1, 3])
def test_d_scores_fakes_by_their_law(compared):
    def made(noise, given):  # all codes, the more probable the larger the integer
        return given[0], (torch.arange(8) / 28).log()

    def discriminator(codes):  # says e/(1+e) to each pack, however large, of the integers' mean
        return (codes @ torch.tensor([4.0, 2.0, 1.0])).view(-1, compared).mean(-1)

    noise = Joined(Nothing(), Uniform(3))
    head = gumbel_straight_through(1.0)
    ours = Evaluator(Multiples(2, 8), Binary(8), noise, head, seed=3, samples=30_000, compared=compared)
    draws = ours.draw(CPU)
    evaluation = ours(
        lambda noise, given=None: noise.round() if given is None else made(noise, given), discriminator, draws
    )
    law = torch.arange(8) / 28
    means = torch.cartesian_prod(*[torch.arange(8.0)] * compared).view(-1, compared).mean(-1)
    weights = torch.cartesian_prod(*[law] * compared).view(-1, compared).prod(-1)
    expected = (weights * means.sigmoid()).sum()
    assert evaluation.metrics["d_fake"] == pytest.approx(expected.item(), abs=1e-6 if compared == 1 else 5e-3)
    assert evaluation.metrics["validity"] == pytest.approx((0 + 2 + 4 + 6) / 28)


@pytest.mark.parametrize(("capacity", "kept"), [(2**16, True), (2**16 + 1, False)])
def test_of_too_many_integers_no_logits_are_kept(capacity, kept):
    encoding = Binary(capacity)
    pattern = HeldOut(Multiples(2, 8), 2)
    ours = Evaluator(pattern, encoding, Gaussian(encoding.width), sigmoid(), seed=3, samples=10)
    metrics = ours(lambda noise: noise.sigmoid(), lambda codes: codes.sum(-1), ours.draw(CPU)).metrics
    assert ("d_seen" in metrics) == kept


@pytest.mark.parametrize(("capacity", "drawn"), [(4096, True), (4097, False)])
def test_too_many_integers_are_not_drawn(capacity, drawn):
    encoding = Binary(capacity)
    ours = Evaluator(Multiples(2, 8), encoding, Gaussian(encoding.width), sigmoid(), seed=3, samples=10)
    evaluation = ours(lambda noise: noise.sigmoid(), lambda codes: codes.sum(-1), ours.draw(CPU))
    assert (evaluation.portrait is not None) == drawn
