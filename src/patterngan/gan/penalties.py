"""Penalties: terms added to D's loss so that training converges. Several are summed."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from typing_extensions import override

from patterngan.gan.schedules import Scheduled, schedule

LEAST_SQUARE = 1e-12
"""Added under a square root, whose slope at 0 is infinite."""


class DiscriminatorPass(NamedTuple):
    """Inputs and logits of one discriminator forward pass."""

    discriminator: Callable[[Tensor], Tensor]
    reals: Tensor
    """Codes [..., batch, width]."""
    fakes: Tensor
    real_logits: Tensor
    """[..., batch], or [..., packs]."""
    fake_logits: Tensor
    interpolation: Tensor | None
    """Uniform numbers [..., batch, 1]."""


class Penalty(nn.Module):
    """A term of D's loss."""

    interpolates = False
    """Whether it reads `DiscriminatorPass.interpolation`, and calls D once more."""
    takes_slopes = False
    """Whether it is of slopes of D's logits with respect to codes, which some discriminators do not have."""

    def forward(self, d_pass: DiscriminatorPass) -> Tensor:
        """The penalty [...]."""
        raise NotImplementedError


def squared_slopes(logits: Tensor, codes: Tensor) -> Tensor:
    """‖∇D‖² [..., packs] of each logit with respect to its codes, differentiable once more."""
    (slopes,) = torch.autograd.grad(logits, codes, torch.ones_like(logits), create_graph=True)
    squares = slopes.square().sum(-1)
    per_logit: Tensor = squares.unflatten(-1, (logits.shape[-1], -1)).sum(-1)
    return per_logit


def interpolating(penalties: Iterable[nn.Module]) -> int:
    """The number of penalties that interpolate."""
    return sum(isinstance(penalty, Penalty) and penalty.interpolates for penalty in penalties)


class R1(Penalty):
    """γ/2 · E‖∇D(x)‖² on reals, γ ≥ 0. Mescheder et al. 2018, arXiv 1801.04406, equation 9."""

    takes_slopes = True

    def __init__(self, gamma: Any) -> None:
        super().__init__()
        self.gamma = Scheduled(schedule("gamma", gamma, 0))

    @override
    def forward(self, d_pass: DiscriminatorPass) -> Tensor:
        return self.gamma.value / 2 * squared_slopes(d_pass.real_logits, d_pass.reals).mean(-1)


class R2(R1):
    """γ/2 · E‖∇D(g)‖² on fakes. Mescheder et al. 2018, arXiv 1801.04406, section 4.1."""

    @override
    def forward(self, d_pass: DiscriminatorPass) -> Tensor:
        return self.gamma.value / 2 * squared_slopes(d_pass.fake_logits, d_pass.fakes).mean(-1)


class WganGp(Penalty):
    """λ · E(‖∇D(x̂)‖ − 1)² on x̂ = αx + (1 − α)g, with α uniform on (0, 1) for each sample, or each pack.

    The weight is λ ≥ 0. Source: Gulrajani et al. 2017, arXiv 1704.00028, equation 3.
    """

    interpolates, takes_slopes = True, True

    def __init__(self, weight: Any) -> None:
        super().__init__()
        self.weight = Scheduled(schedule("weight", weight, 0))

    @override
    def forward(self, d_pass: DiscriminatorPass) -> Tensor:
        assert d_pass.interpolation is not None
        packs = d_pass.interpolation.unflatten(-2, (d_pass.real_logits.shape[-1], -1))
        alpha = packs[..., :1, :].expand_as(packs).flatten(-3, -2)
        between = (alpha * d_pass.reals + (1 - alpha) * d_pass.fakes).detach().requires_grad_()
        slopes = (squared_slopes(d_pass.discriminator(between), between) + LEAST_SQUARE).sqrt()
        return self.weight.value * (slopes - 1).square().mean(-1)
