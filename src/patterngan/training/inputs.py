"""The random numbers that a GAN step reads, and the batch that they become with the reals."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from patterngan.data.encodings import Symbols
from patterngan.data.streams import Fill
from patterngan.gan.heads import uniform_codes
from patterngan.gan.noise import Gaussian, Noise, Shared, Uniform
from patterngan.gan.objectives import BoundarySeeking, Objective
from patterngan.gan.penalties import interpolating
from patterngan.gan.step import Batch, Draw
from patterngan.gan.updates import Update

Rules = tuple[Objective, nn.ModuleList, Update]
"""The objective, the penalties and the update."""


class RandomInput(NamedTuple):
    """Random numbers that a GAN step reads."""

    stream: str
    """The name of their stream. It is part of what a seed means: another name gives other numbers."""
    fill: Fill
    shape: tuple[int, ...]


def random_inputs(rules: Rules, noise: Noise, latent: int, symbols: Symbols, batch_size: int) -> dict[str, RandomInput]:
    """The random numbers that a step reads.

    Args:
        rules: of the step.
        noise: of the generator, its head's included.
        latent: how many of the noise's numbers the generator's network reads.
        symbols: of a code.
        batch_size: reals, and fakes, in a batch.
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
        inputs["instance_noise"] = RandomInput("blur", Gaussian(width).fill, (passes, batch_size, width))
    return {"noise": RandomInput("noise", noise.fill, (update.draws, batch_size, noise.dim)), **inputs}


def step_batch(reals: Tensor, inputs: Mapping[str, Tensor], update: Update) -> Batch:
    """What one GAN step reads, of reals [..., discriminator_steps · batch, width] and of its `random_inputs`."""
    proposals = rows(inputs["proposals"]) if "proposals" in inputs else [None] * update.draws
    draws = tuple(Draw(*draw) for draw in zip(rows(inputs["noise"]), proposals, strict=True))
    batches = reals.chunk(update.discriminator_steps, -2) if update.discriminator_steps > 1 else (reals,)
    interpolation = rows(inputs["interpolation"]) if "interpolation" in inputs else [None] * update.discriminator_steps
    return Batch(batches, draws, tuple(interpolation))


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
