"""Updates: the order of optimizer steps within one GAN step.

Plain functions of tensors and callables: nothing here knows of Lightning, of configs, or of whether the
tensors belong to one GAN or, along leading axes, to many.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from patterngan.objectives import Objective


@dataclass(frozen=True)
class Players:
    """The two networks, and how each takes one optimizer step down a loss of shape [...]."""

    generator: Callable[[Tensor], Tensor]
    """Noise [..., batch, dim] → codes [..., batch, width]."""
    discriminator: Callable[[Tensor], Tensor]
    """Codes [..., batch, width] → logits [..., batch]."""
    descend_generator: Callable[[Tensor], None]
    descend_discriminator: Callable[[Tensor], None]


class Losses(NamedTuple):
    """What one GAN step minimised, each [...], detached."""

    generator: Tensor
    discriminator: Tensor


class Update(Protocol):
    """One GAN step."""

    draws: ClassVar[int]
    """How many batches of noise a step reads."""

    def __call__(self, players: Players, objective: Objective, reals: Tensor, noise: tuple[Tensor, ...]) -> Losses:
        """Move both players once. `reals`: codes [..., batch, width]; `noise`: `draws` × [..., batch, dim]."""
        ...


class Joint:
    """G on fakes, then one step of D on the mean of its losses on reals and on the same fakes."""

    draws = 1

    def __call__(self, players: Players, objective: Objective, reals: Tensor, noise: tuple[Tensor, ...]) -> Losses:
        """See `Update.__call__`."""
        fakes = players.generator(noise[0])
        generator_loss = objective.generator(players.discriminator(fakes))
        players.descend_generator(generator_loss)

        real_logits, fake_logits = players.discriminator(reals), players.discriminator(fakes.detach())
        discriminator_loss = objective.discriminator(real_logits, fake_logits)
        players.descend_discriminator(discriminator_loss)
        return Losses(generator_loss.detach(), discriminator_loss.detach())


class Alternating:
    """D on reals, D on fakes, G on fresh fakes: three optimizer steps."""

    draws = 2

    def __call__(self, players: Players, objective: Objective, reals: Tensor, noise: tuple[Tensor, ...]) -> Losses:
        """See `Update.__call__`."""
        real_loss = objective.real(players.discriminator(reals))
        players.descend_discriminator(real_loss)

        with torch.no_grad():
            fakes = players.generator(noise[0])
        fake_loss = objective.fake(players.discriminator(fakes))
        players.descend_discriminator(fake_loss)

        generator_loss = objective.generator(players.discriminator(players.generator(noise[1])))
        players.descend_generator(generator_loss)
        return Losses(generator_loss.detach(), (real_loss.detach() + fake_loss.detach()) / 2)


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
