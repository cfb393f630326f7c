"""Penalties against values worked out by hand for a linear discriminator, whose gradient is its weight everywhere."""

import pytest
import torch
from torch import nn

from patterngan.gan.discriminators import Packed
from patterngan.gan.penalties import Look, mixing, r1, r2, wgan_gp
from patterngan.validation import InvalidValueError

WEIGHT = torch.tensor([[3.0, 0.0, 4.0]])  # of length 5


def look(network=None, batch=6):
    if network is None:
        network = nn.Linear(3, 1)
        network.weight.data = WEIGHT.clone()
    reals, fakes = torch.randn(batch, 3, requires_grad=True), torch.randn(batch, 3, requires_grad=True)

    def discriminator(codes):
        return network(codes).squeeze(-1)

    return Look(discriminator, reals, fakes, discriminator(reals), discriminator(fakes), torch.rand(batch, 1))


def test_of_a_linear_discriminator_by_hand():
    seen = look()
    assert r1(2.0)(seen).item() == pytest.approx(2.0 / 2 * 25)
    assert r2(0.5)(seen).item() == pytest.approx(0.5 / 2 * 25)
    assert wgan_gp(10.0)(seen).item() == pytest.approx(10 * (5 - 1) ** 2)


def test_a_pack_is_one_sample():
    network = nn.Linear(6, 1)
    network.weight.data = torch.cat([WEIGHT, WEIGHT], 1)  # of length √50 over both codes of a pack
    seen = look(Packed(network, 2))
    assert seen.real_logits.shape == (3,)
    assert r1(2.0)(seen).item() == pytest.approx(50)
    assert wgan_gp(1.0)(seen).item() == pytest.approx((50**0.5 - 1) ** 2, rel=1e-5)


def test_interpolates_lie_between_reals_and_fakes():
    seen = look()
    visited = []

    def discriminator(codes):
        visited.append(codes)
        return codes.square().sum(-1)

    loss = wgan_gp(1.0)(seen._replace(discriminator=discriminator))
    expected = seen.mixing * seen.reals + (1 - seen.mixing) * seen.fakes
    assert torch.equal(visited[0], expected)
    assert torch.isclose(loss, ((2 * expected).norm(dim=-1) - 1).square().mean(), rtol=1e-4)


def test_the_gradient_of_a_penalty_against_finite_differences():
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    reals = torch.randn(5, 3, dtype=torch.float64)

    def penalty(weight):
        codes = reals.clone().requires_grad_()
        logits = torch.func.functional_call(network, {"0.weight": weight}, (codes,)).squeeze(-1)
        return r1(1.5)(Look(network, codes, codes, logits, logits, None))

    assert torch.autograd.gradcheck(penalty, network[0].weight.detach().requires_grad_())


def test_members_stay_apart():
    reals = torch.randn(3, 5, 2, requires_grad=True)
    logits = reals.square().sum(-1)
    seen = Look(lambda codes: codes.square().sum(-1), reals, reals, logits, logits, torch.rand(3, 5, 1))
    for penalty in (r1(1.0), r2(1.0), wgan_gp(1.0)):
        assert penalty(seen).shape == (3,)
    assert torch.allclose(r1(1.0)(seen), 2 * reals.square().sum(-1).mean(-1))


def test_which_penalties_mix():
    assert mixing([r1(1.0), wgan_gp(1.0), r2(1.0)]) == 1


@pytest.mark.parametrize("value", [-1, "much", [1, -1], None])
def test_weights_must_not_be_negative(value):
    for penalty in (r1, r2):
        with pytest.raises(InvalidValueError, match="^gamma"):
            penalty(value)
    with pytest.raises(InvalidValueError, match="^weight"):
        wgan_gp(value)
