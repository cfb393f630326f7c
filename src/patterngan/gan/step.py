"""The two players, and what one GAN step gives them to read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Players:
    """The two networks, and how each takes one optimizer step down a loss of shape [...]."""

    generator: Callable[..., Tensor]
    """Noise [..., batch, dim] → codes [..., batch, width]; see `generators.Generator` for given codes."""
    discriminator: Callable[[Tensor], Tensor]
    """Codes [..., batch, width] → logits [..., batch], or [..., packs] where it looks at several at a time."""
    descend_generator: Callable[[Tensor], None]
    descend_discriminator: Callable[[Tensor], None]


class Draw(NamedTuple):
    """What one batch of fakes is made from."""

    noise: Tensor
    """[..., batch, dim]"""
    proposals: Tensor | None = None
    """Uniformly random codes [..., count, width], where the objective explores."""


class Batch(NamedTuple):
    """What one GAN step reads."""

    reals: tuple[Tensor, ...]
    """Codes [..., batch, width], a batch for each step of D."""
    draws: tuple[Draw, ...]
    """One for each batch of fakes."""
    mixing: tuple[Tensor | None, ...] = (None,)
    """Uniform numbers [..., batch, 1] for each step of D, where a penalty mixes reals and fakes."""


def descent(network: nn.Module, step: Callable[[], object]) -> Callable[[Tensor], None]:
    """A function that takes `network` one optimizer step down a loss of shape [...]."""
    parameters = list(network.parameters())

    def descend(loss: Tensor) -> None:
        # The gradient of the sum over leading axes. autograd.grad and not backward: the other player's
        # parameters get no gradient, and nothing has to be zeroed.
        gradients = torch.autograd.grad(loss, parameters, torch.ones_like(loss))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        step()

    return descend
