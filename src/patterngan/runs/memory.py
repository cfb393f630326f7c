"""How much memory a run takes, how much there is, and the refusal of a run that takes more."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import psutil
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from patterngan.data.streams import CHUNK
from patterngan.gan.generators import Generator
from patterngan.gan.updates import Update
from patterngan.runs.instantiate import typed_key
from patterngan.training.inputs import RandomInput
from patterngan.validation import InvalidValueError, UsageError

COPIES = 14
"""Copies of its weights that a run keeps: gradients, also clipped, running means, steps, the last and best snapshot."""


class Demand(NamedTuple):
    """The bytes that a run takes, generously."""

    weights: int
    """The networks, while they train."""
    steps: int
    """The inputs of a chunk of steps, and the activations of one step."""
    evaluation: int
    """The samples of an evaluation, with their activations."""


def demand(
    networks: tuple[Generator, nn.Module],
    update: Update,
    inputs: Mapping[str, RandomInput],
    batch_size: int,
    samples: int,
    size: int = 4,
) -> Demand:
    """The memory that a run takes.

    Args:
        networks: generator and discriminator, or drafts of them.
        update: the order of a step.
        inputs: the random numbers that a step reads.
        batch_size: reals, and fakes, in a batch.
        samples: codes that an evaluation looks at.
        size: bytes of a number.
    """
    parameters = [parameter for network in networks for parameter in network.parameters()]
    outputs = [parameter.shape[0] for parameter in parameters if parameter.dim()]
    width, codes = sum(networks[0].symbols), (update.draws + update.discriminator_steps) * batch_size
    read = 3 * codes * width + sum(math.prod(given.shape) for given in inputs.values())
    return Demand(
        weights=size * COPIES * sum(parameter.numel() for parameter in parameters),
        steps=size * (CHUNK * read + 4 * codes * sum(outputs)),
        evaluation=size * samples * (inputs["noise"].shape[-1] + 4 * width + 2 * max(outputs, default=0)),
    )


def free_bytes(device: str = "cpu") -> int:
    """The memory that a new tensor could have."""
    return int(torch.cuda.mem_get_info()[0]) if device == "cuda" else int(psutil.virtual_memory().available)


def require_memory(config: DictConfig, needed: Demand, device: str = "cpu") -> None:
    """Refuses a run for which a device has no memory, naming what takes most, before it takes any."""
    free = free_bytes(device)
    if sum(needed) <= free:
        return
    allowed = f"a run needs about {sum(needed) / 2**30:.1f} GiB of memory, {free / 2**30:.1f} are free"
    if max(needed) == needed.weights:
        raise UsageError(f"architecture: {allowed}, and its networks take most; make them smaller")
    key = "data.batch_size" if max(needed) == needed.steps else "evaluation.samples"
    raise InvalidValueError(typed_key(config, key), OmegaConf.select(config, key), f"{allowed}; must be smaller")
