"""Shards: neighbours in a population that train side by side, in a thread each.

A replayed step holds Python's lock only where it begins and ends, so that light steps gain too. But an operation on
half of the members takes more than half of the time where they are few, which tells on a machine that others use.
"""

import copy
import statistics
from itertools import pairwise
from typing import cast

import torch

from patterngan.data.streams import ChunkedStream
from patterngan.training.datamodule import PatternData
from patterngan.training.module import GAN
from patterngan.training.recording import Sizes

LEAST_NUMBERS = 2**12
"""The fewest numbers that an operation of a shard makes, in the mean."""


def shard_count(gan: GAN, data: PatternData, members: int, accelerator: str = "cpu") -> int:
    """Into how many shards a population of GANs like this one is cut.

    At most one for each of PyTorch's threads. It depends on sizes alone, so that the same command cuts the same.
    """
    threads = torch.get_num_threads()
    most = min(threads, members)
    if most == 1 or accelerator != "cpu":  # a GPU has one queue
        return 1
    if not gan.capture:  # a step that is not recorded holds Python's lock most of the time
        return 1
    torch.set_num_threads(1)  # at the size of one GAN a second thread only waits
    try:
        return max(1, min(most, int(members * numbers_made(gan, data) / LEAST_NUMBERS)))
    finally:
        torch.set_num_threads(threads)


def cuts(members: int, shards: int) -> list[slice]:
    """The members of each shard, as even as can be."""
    edges = [members * index // shards for index in range(shards + 1)]
    return [slice(*edge) for edge in pairwise(edges)]


@torch.no_grad()
def numbers_made(gan: GAN, data: PatternData) -> float:
    """How many numbers an operation of a GAN's step makes, in the mean. A copy of it takes the step."""
    own = copy.deepcopy(gan)
    own.prepare(own.configure_optimizers())
    streams = [torch.zeros(cast(ChunkedStream, stream).shape).to(own.dtype) for stream in own.streams.values()]
    rows = data.read(0, 1, own.device)[0], *streams
    own.gan_step(*rows)  # in which optimizers make their state
    with Sizes() as seen:
        own.gan_step(*rows)
    return statistics.fmean(seen.sizes)
