"""The random numbers that a GAN step reads, and the batch that they become with the reals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from patterngan.data.encodings import Symbols, lengths_of
from patterngan.data.streams import Fill
from patterngan.gan.heads import uniform_codes
from patterngan.gan.noise import Gaussian, Noise, Shared, StepwiseGaussian, Uniform
from patterngan.gan.objectives import BoundarySeeking, MaximumLikelihood, Objective
from patterngan.gan.penalties import interpolating
from patterngan.gan.step import Batch, Draw, Players
from patterngan.gan.updates import Update

STATE_NOISES = "generator_state", "discriminator_state"
"""The streams of noise on the states of G, and of D."""

Rules = tuple[Objective, nn.ModuleList, Update]
"""The objective, the penalties and the update."""


class RandomInput(NamedTuple):
    """Random numbers that a GAN step reads."""

    stream: str
    """The name of their stream. It is part of what a seed means: another name gives other numbers."""
    fill: Fill
    shape: tuple[int, ...]


def random_inputs(
    rules: Rules,
    noise: Noise,
    latent: int,
    symbols: Symbols,
    batch_size: int,
    state_numbers: tuple[int, int] = (0, 0),
) -> dict[str, RandomInput]:
    """The random numbers that a step reads.

    Args:
        rules: of the step.
        noise: of the generator, its head's included.
        latent: how many of the noise's numbers the generator's network reads.
        symbols: of a code.
        batch_size: reals, and fakes, in a batch.
        state_numbers: Gaussian numbers for the states of G and of D while they make or read one code.
    """
    (objective, penalties, update), width = rules, sum(symbols)
    inputs: dict[str, RandomInput] = {}
    if isinstance(objective, BoundarySeeking):
        noise = Shared(noise, latent, objective.samples)
        explored = update.draws, batch_size // objective.samples, objective.explored, width
        inputs["proposals"] = RandomInput("proposals", partial(uniform_codes, symbols=symbols), explored)
    interpolations = interpolating(penalties)
    if interpolations:
        shape = update.discriminator_steps, batch_size, 1
        inputs["interpolation"] = RandomInput("mixing", Uniform(1).fill, shape)
    if update.instance_noise is not None:
        passes = update.discriminator_passes + update.discriminator_steps * interpolations
        rows_of_pass = update.pass_batches * batch_size
        inputs["instance_noise"] = RandomInput("blur", Gaussian(width).fill, (passes, rows_of_pass, width))
    for name, numbers in zip(STATE_NOISES, state_numbers, strict=True):
        if numbers:
            inputs[name] = RandomInput(name, StepwiseGaussian(numbers).fill, (1, batch_size, numbers))
    return {"noise": RandomInput("noise", noise.fill, (update.draws, batch_size, noise.dim)), **inputs}


def step_batch(reals: Tensor, inputs: Mapping[str, Tensor], rules: Rules, symbol_size: int | None = None) -> Batch:
    """What one GAN step reads, of reals [..., discriminator_steps · batch, width] and of its `random_inputs`.

    `symbol_size`: of codes that have lengths of their own, else None. Each fake is as long as the real beside it.
    """
    objective, _, update = rules
    batches = reals.chunk(update.discriminator_steps, -2) if update.discriminator_steps > 1 else (reals,)
    beside = [batches[min(index, len(batches) - 1)] for index in range(update.draws)]
    noises = rows(inputs["noise"])
    if symbol_size is not None:
        noises = [_with_lengths(*pair, symbol_size) for pair in zip(noises, beside, strict=True)]
    proposals: Sequence[Tensor | None] = [None] * update.draws
    if isinstance(objective, MaximumLikelihood):
        proposals = [real.unsqueeze(-3) for real in beside]
    elif "proposals" in inputs:
        proposals = rows(inputs["proposals"])
    draws = tuple(Draw(*draw) for draw in zip(noises, proposals, strict=True))
    interpolation = rows(inputs["interpolation"]) if "interpolation" in inputs else [None] * update.discriminator_steps
    return Batch(batches, draws, tuple(interpolation))


def _with_lengths(noise: Tensor, reals: Tensor, symbol_size: int) -> Tensor:
    """Noise whose latents, the lengths of codes, are those of reals."""
    return torch.cat([lengths_of(reals, symbol_size).to(noise.dtype), noise[..., 1:]], -1)


def with_state_noise(players: Players, inputs: Mapping[str, Tensor]) -> Players:
    """Players for one step whose states get noise. All batches that a player reads in it get the same numbers."""
    generator_noise, discriminator_noise = (inputs[name][0] if name in inputs else None for name in STATE_NOISES)

    def discriminate(codes: Tensor) -> Tensor:
        assert discriminator_noise is not None
        batches = codes.unflatten(-2, (-1, discriminator_noise.shape[-2]))
        return players.discriminator(batches, discriminator_noise.unsqueeze(-3)).flatten(-2)

    return replace(
        players,
        generator=players.generator if generator_noise is None else partial(_given_noise, players, generator_noise),
        discriminator=players.discriminator if discriminator_noise is None else discriminate,
        noiseless_discriminator=None if discriminator_noise is None else players.discriminator,
    )


def _given_noise(players: Players, state_noise: Tensor, noise: Tensor, given: Tensor | None = None) -> Any:
    return players.generator(noise, given, state_noise)


def with_instance_noise(
    discriminator: Callable[[Tensor], Tensor], noise: Tensor, sigma: Tensor
) -> Callable[[Tensor], Tensor]:
    """A discriminator for one step that adds `sigma` [...] times `noise` [passes, ..., batch, width] to codes.

    Every forward pass takes the next of the noise's rows.
    """
    passes = iter(rows(noise))
    return lambda codes: discriminator(codes + sigma[..., None, None] * next(passes))


def rows(tensor: Tensor) -> list[Tensor]:
    """The slices of a tensor along its first axis, by operations that capture can replay as views."""
    return [tensor[index] for index in range(len(tensor))]
