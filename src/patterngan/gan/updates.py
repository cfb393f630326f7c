"""Updates: the order of optimizer steps within one GAN step.

Functions of tensors and callables: nothing here knows of Lightning, of configs, or of whether the
tensors belong to one GAN or, along leading axes, to many.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from patterngan.gan.objectives import Objective, Separable
from patterngan.gan.penalties import Look
from patterngan.gan.schedules import Scheduled, schedule
from patterngan.gan.step import Batch, Players
from patterngan.validation import InvalidValueError, integer


class Losses(NamedTuple):
    """What one GAN step minimised, each [...], detached."""

    generator: Tensor
    discriminator: Tensor


class Update(nn.Module):
    """One GAN step, and what surrounds it.

    Args:
        ema: β of the generator's running average θ̄ ← βθ̄ + (1−β)θ (Yazici et al. 2019, arXiv 1806.04498); 0: none.
        instance_noise: σ of the Gaussian noise on every code that D looks at (Sønderby et al. 2017,
            arXiv 1610.04490, section 3; Arjovsky & Bottou 2017, arXiv 1701.04862); 0: none.

    Raises:
        InvalidValueError: unless 0 ≤ ema < 1 and instance_noise ≥ 0.
    """

    draws = 1
    """How many batches of fakes a step makes."""
    discriminator_steps = 1
    """How many batches of reals it reads."""
    looks = 4
    """How often D looks at a batch of codes at most, penalties apart."""

    def __init__(self, ema: Any = 0.0, instance_noise: Any = 0.0) -> None:
        super().__init__()
        decay, sigma = schedule("ema", ema, 0, 1), schedule("instance_noise", instance_noise, 0)
        if torch.tensor(max(decay.start, decay.end)) == 1:  # also where single precision makes it 1
            raise InvalidValueError("ema", ema, "must be below 1")
        self.ema = None if decay.zero else Scheduled(decay)
        self.instance_noise = None if sigma.zero else Scheduled(sigma)

    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        """Move both players once."""
        raise NotImplementedError


class Joint(Update):
    """G on fakes, then one step of D on the mean of its losses on reals and on the same fakes."""

    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        """See `Update.forward`."""
        (reals,), (draw,), (mixing,) = batch
        fakes = objective.fakes(players, draw)
        generator_loss = objective.generator_loss(players, draw, fakes, reals)
        players.descend_generator(generator_loss)

        discriminator_loss = judged(players, objective, penalties, reals, fakes, mixing) / 2
        players.descend_discriminator(discriminator_loss)
        return Losses(generator_loss.detach(), discriminator_loss.detach())


class Alternating(Update):
    """D on reals, D on fakes, G on fresh fakes: three optimizer steps."""

    draws = 2
    looks = 3

    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        """See `Update.forward`; the objective is separable, and there are no penalties."""
        assert isinstance(objective, Separable)
        (reals,), (first, second), _ = batch
        real_loss = objective.real(players.discriminator(reals))
        players.descend_discriminator(real_loss)

        with torch.no_grad():
            fakes = objective.fakes(players, first)
        fake_loss = objective.fake(players.discriminator(fakes))
        players.descend_discriminator(fake_loss)

        generator_loss = objective.generator_loss(players, second, objective.fakes(players, second), reals)
        players.descend_generator(generator_loss)
        return Losses(generator_loss.detach(), (real_loss.detach() + fake_loss.detach()) / 2)


class Critic(Update):
    """D several times, each on fresh reals and fresh fakes, then G on fresh fakes.

    Source: Arjovsky et al. 2017, arXiv 1701.07875, algorithm 1.

    Raises:
        InvalidValueError: unless 1 ≤ discriminator_steps ≤ 1000.
    """

    def __init__(self, discriminator_steps: int, ema: Any = 0.0, instance_noise: Any = 0.0) -> None:
        super().__init__(ema, instance_noise)
        self.discriminator_steps = integer("discriminator_steps", discriminator_steps, 1, 1000)
        self.draws, self.looks = self.discriminator_steps + 1, 2 * self.discriminator_steps + 2

    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        """See `Update.forward`."""
        for reals, draw, mixing in zip(batch.reals, batch.draws, batch.mixing, strict=False):
            with torch.no_grad():
                fakes = objective.fakes(players, draw)
            discriminator_loss = judged(players, objective, penalties, reals, fakes, mixing)
            players.descend_discriminator(discriminator_loss)

        draw, reals = batch.draws[-1], batch.reals[-1]
        generator_loss = objective.generator_loss(players, draw, objective.fakes(players, draw), reals)
        players.descend_generator(generator_loss)
        return Losses(generator_loss.detach(), discriminator_loss.detach())


def judged(
    players: Players,
    objective: Objective,
    penalties: nn.ModuleList,
    reals: Tensor,
    fakes: Tensor,
    mixing: Tensor | None,
) -> Tensor:
    """D's loss [...] on reals and fakes, with its penalties."""
    reals, fakes = reals.detach(), fakes.detach()
    if len(penalties):
        reals, fakes = reals.requires_grad_(), fakes.requires_grad_()
    real_logits, fake_logits = players.discriminator(reals), players.discriminator(fakes)
    loss = objective.discriminator(real_logits, fake_logits)
    look = Look(players.discriminator, reals, fakes, real_logits, fake_logits, mixing)
    for penalty in penalties:
        loss = loss + penalty(look)
    return loss
