"""Updates: the order of optimizer steps within one GAN step.

An update reads tensors and calls functions. It knows neither Lightning nor configs, and serves one GAN as well as
many, which lie along leading axes.
"""

from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from patterngan.gan.objectives import Objective, Separable, Weighing
from patterngan.gan.penalties import DiscriminatorPass
from patterngan.gan.schedules import Scheduled, schedule
from patterngan.gan.step import Batch, Fakes, Losses, Players
from patterngan.validation import InvalidValueError, integer


class Update(nn.Module):
    """One GAN step, with the generator's running average and the instance noise that go with it.

    Args:
        ema: β < 1 of the generator's running average θ̄ ← βθ̄ + (1−β)θ (Yazici et al. 2019, arXiv 1806.04498); 0: none.
        instance_noise: σ of the Gaussian noise on every code that D reads (Sønderby et al. 2017,
            arXiv 1610.04490, section 3; Arjovsky & Bottou 2017, arXiv 1701.04862); 0: none.
    """

    draws = 1
    """Batches of fakes in a GAN step."""
    discriminator_steps = 1
    """Batches of reals in a GAN step."""
    discriminator_passes = 4
    """The most forward passes of D in a GAN step, apart from penalties' own."""
    pass_batches = 1
    """Batches of codes in one of these."""

    def __init__(self, ema: Any = 0.0, instance_noise: Any = 0.0) -> None:
        super().__init__()
        decay, sigma = schedule("ema", ema, 0, 1), schedule("instance_noise", instance_noise, 0)
        if torch.tensor(max(decay.values)) == 1:  # also where single precision rounds it to 1
            raise InvalidValueError("ema", ema, "must be below 1")
        self.ema = None if decay.zero else Scheduled(decay)
        self.instance_noise = None if sigma.zero else Scheduled(sigma)

    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        """Takes one GAN step; returns its losses."""
        raise NotImplementedError

    @torch.no_grad()
    def average(self, average: nn.Module, generator: nn.Module) -> None:
        """Updates the generator's running average θ̄ ← βθ̄ + (1−β)θ."""
        assert self.ema is not None
        averages: list[Tensor] = list(average.parameters())
        weights: list[Tensor] = list(generator.parameters())
        rate = 1 - self.ema.value
        shaped = {weight.dim(): rate.view(*rate.shape, *[1] * (weight.dim() - rate.dim())) for weight in weights}
        rates: list[Tensor] = [shaped[weight.dim()] for weight in weights]
        torch._foreach_lerp_(averages, weights, rates)


class Joint(Update):
    """One step of G on fakes, then one step of D on the mean of its losses on reals and on the same fakes."""

    @override
    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        (reals,), (draw,), (interpolation,) = batch
        fakes = objective.fakes(players, draw)
        g_loss = objective.generator_step_loss(players, fakes, reals)
        players.step_generator(g_loss)

        d_loss = discriminator_loss(players, objective, penalties, reals, fakes, interpolation) / 2
        players.step_discriminator(d_loss)
        return Losses(g_loss.detach(), d_loss.detach())


class Simultaneous(Update):
    """One forward pass of D on reals and fakes together, then one step of each player.

    Where D's states get noise, G is judged without it: the noise limits what D can learn, not what it says of what it
    has learned. The objective must be `Weighing`; penalties are not taken.
    """

    discriminator_passes, pass_batches = 1, 2

    @override
    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        assert isinstance(objective, Weighing)
        (reals,), (draw,), _ = batch
        fakes = objective.fakes(players, draw)
        logits = players.discriminator(torch.cat([reals, fakes.codes], -2))
        real_logits, fake_logits = logits.chunk(2, -1)
        scores = fake_logits.detach()
        if players.noiseless_discriminator is not None:
            with torch.no_grad():
                scores = players.noiseless_discriminator(fakes.codes)
        g_loss = objective.weighed_loss(fakes, scores)
        d_loss = objective.discriminator_loss(real_logits, fake_logits) / 2
        players.step_generator(g_loss)
        players.step_discriminator(d_loss)
        return Losses(g_loss.detach(), d_loss.detach())


class Alternating(Update):
    """One step of D on reals, one step of D on fakes, one step of G on fresh fakes.

    The objective must be `Separable`; penalties are not taken.
    """

    draws = 2
    discriminator_passes = 3

    @override
    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        assert isinstance(objective, Separable)
        (reals,), (first, second), _ = batch
        real_loss = objective.real_loss(players.discriminator(reals))
        players.step_discriminator(real_loss)

        with torch.no_grad():
            fakes = objective.fakes(players, first)
        fake_loss = objective.fake_loss(players.discriminator(fakes.codes))
        players.step_discriminator(fake_loss)

        g_loss = objective.generator_step_loss(players, objective.fakes(players, second), reals)
        players.step_generator(g_loss)
        return Losses(g_loss.detach(), (real_loss.detach() + fake_loss.detach()) / 2)


class Critic(Update):
    """At most 1000 steps of D, each on fresh reals and fresh fakes, then one step of G on fresh fakes.

    Source: Arjovsky et al. 2017, arXiv 1701.07875, algorithm 1.
    """

    def __init__(self, discriminator_steps: int, ema: Any = 0.0, instance_noise: Any = 0.0) -> None:
        super().__init__(ema, instance_noise)
        self.discriminator_steps = integer("discriminator_steps", discriminator_steps, 1, 1000)
        self.draws, self.discriminator_passes = self.discriminator_steps + 1, 2 * self.discriminator_steps + 2

    @override
    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        for reals, draw, interpolation in zip(batch.reals, batch.draws, batch.interpolation, strict=False):
            with torch.no_grad():
                fakes = objective.fakes(players, draw)
            d_loss = discriminator_loss(players, objective, penalties, reals, fakes, interpolation)
            players.step_discriminator(d_loss)

        draw, reals = batch.draws[-1], batch.reals[-1]
        g_loss = objective.generator_step_loss(players, objective.fakes(players, draw), reals)
        players.step_generator(g_loss)
        return Losses(g_loss.detach(), d_loss.detach())


def discriminator_loss(
    players: Players,
    objective: Objective,
    penalties: nn.ModuleList,
    reals: Tensor,
    fakes: Fakes,
    interpolation: Tensor | None,
) -> Tensor:
    """D's loss [...] on reals and fakes, plus its penalties."""
    reals, codes = reals.detach(), fakes.codes.detach()
    if len(penalties):
        reals, codes = reals.requires_grad_(), codes.requires_grad_()
    real_logits, fake_logits = players.discriminator(reals), players.discriminator(codes)
    loss = objective.discriminator_loss(real_logits, fake_logits)
    d_pass = DiscriminatorPass(players.discriminator, reals, codes, real_logits, fake_logits, interpolation)
    for penalty in penalties:
        loss = loss + penalty(d_pass)
    return loss
