"""Penalties: what is added to D's loss so that the game converges. Several are summed."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from patterngan.gan.schedules import Scheduled, schedule

LEAST_SQUARE = 1e-12
"""Added under a root, whose slope at 0 is infinite."""


class Look(NamedTuple):
    """What D saw in one of its steps, and what it said."""

    discriminator: Callable[[Tensor], Tensor]
    reals: Tensor
    """Codes [..., batch, width]."""
    fakes: Tensor
    real_logits: Tensor
    """[..., batch], or [..., packs]."""
    fake_logits: Tensor
    mixing: Tensor | None
    """Uniform numbers [..., batch, 1]."""


class Penalty(nn.Module):
    """A term of D's loss."""

    mixes = False
    """Whether it reads `Look.mixing`."""

    def forward(self, look: Look) -> Tensor:
        """The penalty [...]."""
        raise NotImplementedError


def squared_slopes(logits: Tensor, codes: Tensor) -> Tensor:
    """‖∇D‖² for each logit [..., packs] with respect to the codes it was given, to be differentiated again."""
    (slopes,) = torch.autograd.grad(logits, codes, torch.ones_like(logits), create_graph=True)
    squares = slopes.square().sum(-1)
    found: Tensor = squares.unflatten(-1, (logits.shape[-1], -1)).sum(-1)
    return found


def mixing(penalties: Iterable[nn.Module]) -> int:
    """How many of these read `Look.mixing`, and look at codes of their own."""
    return sum(isinstance(penalty, Penalty) and penalty.mixes for penalty in penalties)


class R1(Penalty):
    """γ/2 · E‖∇D(x)‖² on reals. Mescheder et al. 2018, arXiv 1801.04406, equation 9."""

    def __init__(self, gamma: Any) -> None:
        super().__init__()
        self.gamma = Scheduled(schedule("gamma", gamma, 0))

    def forward(self, look: Look) -> Tensor:
        """See `Penalty.forward`."""
        return self.gamma.value / 2 * squared_slopes(look.real_logits, look.reals).mean(-1)


class R2(R1):
    """γ/2 · E‖∇D(g)‖² on fakes. Mescheder et al. 2018, arXiv 1801.04406, section 4.1."""

    def forward(self, look: Look) -> Tensor:
        """See `Penalty.forward`."""
        return self.gamma.value / 2 * squared_slopes(look.fake_logits, look.fakes).mean(-1)


class WganGp(Penalty):
    """λ · E(‖∇D(x̂)‖ − 1)² on x̂ = αx + (1 − α)g, α uniform on (0, 1) for each sample, or each pack.

    Source: Gulrajani et al. 2017, arXiv 1704.00028, equation 3.
    """

    mixes = True

    def __init__(self, weight: Any) -> None:
        super().__init__()
        self.weight = Scheduled(schedule("weight", weight, 0))

    def forward(self, look: Look) -> Tensor:
        """See `Penalty.forward`."""
        assert look.mixing is not None
        packs = look.mixing.unflatten(-2, (look.real_logits.shape[-1], -1))
        alpha = packs[..., :1, :].expand_as(packs).flatten(-3, -2)
        mixed = (alpha * look.reals + (1 - alpha) * look.fakes).detach().requires_grad_()
        slopes = (squared_slopes(look.discriminator(mixed), mixed) + LEAST_SQUARE).sqrt()
        return self.weight.value * (slopes - 1).square().mean(-1)


def r1(gamma: Any) -> Penalty:
    """R1, see there.

    Raises:
        InvalidValueError: unless γ ≥ 0.
    """
    return R1(gamma)


def r2(gamma: Any) -> Penalty:
    """R2, see there.

    Raises:
        InvalidValueError: unless γ ≥ 0.
    """
    return R2(gamma)


def wgan_gp(weight: Any) -> Penalty:
    """The gradient penalty of WGAN-GP, see `WganGp`.

    Raises:
        InvalidValueError: unless λ ≥ 0.
    """
    return WganGp(weight)
