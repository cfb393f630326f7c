"""One GAN step: the two players, the tensors that they read, and the losses that come out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Players:
    """The two networks, each with a function that takes one optimizer step on a loss [...] of that network."""

    generator: Callable[..., Any]
    """Noise [..., batch, dim] → codes [..., batch, width]; with given codes, see `generators.Generator.weighed`."""
    discriminator: Callable[..., Tensor]
    """Codes [..., batch, width] → logits [..., batch], or [..., packs] where one logit is of several codes."""
    step_generator: Callable[[Tensor], None]
    step_discriminator: Callable[[Tensor], None]
    noiseless_discriminator: Callable[[Tensor], Tensor] | None = None
    """The discriminator without the noise on its states; None where it has none."""


class Draw(NamedTuple):
    """The random numbers of one batch of fakes."""

    noise: Tensor
    """[..., batch, dim]"""
    proposals: Tensor | None = None
    """Uniformly random codes [..., groups, count, width], for an objective that explores."""


class Fakes(NamedTuple):
    """One batch of fakes."""

    codes: Tensor
    """[..., batch, width]"""
    log_p: Tensor | None = None
    """Their log-probabilities under the generator [..., batch], for an objective that asks for them."""


class Batch(NamedTuple):
    """The tensors that one GAN step reads."""

    reals: tuple[Tensor, ...]
    """Codes [..., batch, width], one batch for each discriminator step."""
    draws: tuple[Draw, ...]
    """One for each batch of fakes."""
    interpolation: tuple[Tensor | None, ...] = (None,)
    """Uniform numbers [..., batch, 1] for each discriminator step, for a penalty that interpolates."""


class Losses(NamedTuple):
    """The losses [...] of one GAN step, detached."""

    generator: Tensor
    discriminator: Tensor


def optimizer_step(network: nn.Module, step: Callable[[], object]) -> Callable[[Tensor], None]:
    """A function that takes a loss [...], sets the gradients of `network` and calls `step`, its optimizer's."""
    parameters = list(network.parameters())

    def take(loss: Tensor) -> None:
        # The gradient of the sum over leading axes. autograd.grad and not backward: the other player's
        # parameters get no gradient, and nothing has to be zeroed.
        gradients = torch.autograd.grad(loss, parameters, torch.ones_like(loss))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.contiguous()  # fused Adam reads it as it lies in memory, whatever its strides
        step()

    return take
