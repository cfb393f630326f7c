"""Penalties against values worked out by hand for a linear discriminator, whose gradient is its weight everywhere."""

import pytest
import torch
from torch import nn

from patterngan.gan.discriminators import Packed
from patterngan.gan.penalties import R1, R2, DiscriminatorPass, WganGp, interpolating
from patterngan.validation import InvalidValueError

WEIGHT = torch.tensor([[3.0, 0.0, 4.0]])  # of length 5


def d_pass(network=None, batch=6):
    if network is None:
        network = nn.Linear(3, 1)
        network.weight.data = WEIGHT.clone()
    reals, fakes = torch.randn(batch, 3, requires_grad=True), torch.randn(batch, 3, requires_grad=True)

    def discriminator(codes):
        return network(codes).squeeze(-1)

    return DiscriminatorPass(
        discriminator, reals, fakes, discriminator(reals), discriminator(fakes), torch.rand(batch, 1)
    )


def test_of_a_linear_discriminator_by_hand():
    seen = d_pass()
    assert R1(2.0)(seen).item() == pytest.approx(2.0 / 2 * 25)
    assert R2(0.5)(seen).item() == pytest.approx(0.5 / 2 * 25)
    assert WganGp(10.0)(seen).item() == pytest.approx(10 * (5 - 1) ** 2)


def test_a_pack_is_one_sample():
    network = nn.Linear(6, 1)
    network.weight.data = torch.cat([WEIGHT, WEIGHT], 1)  # of length √50 over both codes of a pack
    seen = d_pass(Packed(network, 2))
    assert seen.real_logits.shape == (3,)
    assert R1(2.0)(seen).item() == pytest.approx(50)
    assert WganGp(1.0)(seen).item() == pytest.approx((50**0.5 - 1) ** 2, rel=1e-5)


def test_interpolates_lie_between_reals_and_fakes():
    seen = d_pass()
    visited = []

    def discriminator(codes):
        visited.append(codes)
        return codes.square().sum(-1)

    loss = WganGp(1.0)(seen._replace(discriminator=discriminator))
    expected = seen.interpolation * seen.reals + (1 - seen.interpolation) * seen.fakes
    assert torch.equal(visited[0], expected)
    assert torch.isclose(loss, ((2 * expected).norm(dim=-1) - 1).square().mean(), rtol=1e-4)


def test_the_gradient_of_a_penalty_against_finite_differences():
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    reals = torch.randn(5, 3, dtype=torch.float64)

    def penalty(weight):
        codes = reals.clone().requires_grad_()
        logits = torch.func.functional_call(network, {"0.weight": weight}, (codes,)).squeeze(-1)
        return R1(1.5)(DiscriminatorPass(network, codes, codes, logits, logits, None))

    assert torch.autograd.gradcheck(penalty, network[0].weight.detach().requires_grad_())


def test_members_stay_apart():
    reals = torch.randn(3, 5, 2, requires_grad=True)
    logits = reals.square().sum(-1)
    seen = DiscriminatorPass(lambda codes: codes.square().sum(-1), reals, reals, logits, logits, torch.rand(3, 5, 1))
    for penalty in (R1(1.0), R2(1.0), WganGp(1.0)):
        assert penalty(seen).shape == (3,)
    assert torch.allclose(R1(1.0)(seen), 2 * reals.square().sum(-1).mean(-1))


def test_which_penalties_interpolate():
    assert interpolating([R1(1.0), WganGp(1.0), R2(1.0)]) == 1


@pytest.mark.parametrize("value", [-1, "much", [1, -1], None])
def test_weights_must_not_be_negative(value):
    for penalty in (R1, R2):
        with pytest.raises(InvalidValueError, match="^gamma"):
            penalty(value)
    with pytest.raises(InvalidValueError, match="^weight"):
        WganGp(value)
