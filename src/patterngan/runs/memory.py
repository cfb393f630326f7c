"""How much memory a run takes, and whether it is there."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import psutil
import torch
from torch import Tensor

from patterngan.data.streams import CHUNK

COPIES = 12
"""Of its weights that a run keeps: gradients, running means, steps, and the last and the best snapshot of these."""


class Demand(NamedTuple):
    """The bytes that a run takes, generously."""

    weights: int
    """The networks, while they train."""
    steps: int
    """What steps read, a chunk of them at a time, and what the networks make of it."""
    evaluation: int
    """What an evaluation looks at."""


def demand(
    weights: Iterable[Tensor],
    streams: Iterable[tuple[int, ...]],
    codes: tuple[int, int],
    samples: int,
    sizes: tuple[int, int],
) -> Demand:
    """The demand of a run.

    Args:
        weights: of its networks.
        streams: the shapes of the random numbers that a step reads.
        codes: that a step draws, and real ones that it reads.
        samples: noise vectors that an evaluation feeds to the generator.
        sizes: of a noise vector and of a code.
    """
    parameters, (dim, width) = list(weights), sizes
    rows = [parameter.shape[0] for parameter in parameters if parameter.dim()]
    reals = CHUNK * codes[1] * (width + 2) * 3  # integers, codes in the making
    return Demand(
        weights=4 * COPIES * sum(parameter.numel() for parameter in parameters),
        steps=4 * (CHUNK * sum(map(math.prod, streams)) + reals + 4 * sum(codes) * sum(rows)),
        evaluation=4 * samples * (dim + 4 * width + 2 * max(rows, default=0)),
    )


def free_bytes(device: str = "cpu") -> int:
    """The memory that a new tensor could have."""
    return int(torch.cuda.mem_get_info()[0]) if device == "cuda" else int(psutil.virtual_memory().available)
