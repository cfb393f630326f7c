"""The data module: an endless stream of encoded reals, cut into blocks of GAN steps."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytorch_lightning as pl
import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.patterns import HeldOut, Pattern
from patterngan.data.streams import CHUNK, Stream, Streams
from patterngan.validation import InvalidValueError, choice, integer

LARGEST_PERMUTATION = 2**20
"""A support above this is not shuffled in memory."""


def iid(pattern: Pattern, steps: int, batch_size: int, generator: torch.Generator) -> Tensor:
    """Ranks [steps, batch], drawn uniformly with replacement."""
    return torch.randint(pattern.size, (steps, batch_size), generator=generator, device=generator.device)


def permutation(pattern: Pattern, steps: int, batch_size: int, generator: torch.Generator) -> Tensor:
    """Ranks [steps, batch], dealt from one shuffled deck of the support after another.

    A batch as large as the support holds each integer once.
    """
    needed = steps * batch_size
    keys_shape = -(-needed // pattern.size), pattern.size
    keys = torch.rand(keys_shape, generator=generator, device=generator.device, dtype=torch.float64)
    return keys.argsort(-1).flatten()[:needed].view(steps, batch_size)


SAMPLING: dict[str, Callable[[Pattern, int, int, torch.Generator], Tensor]] = {
    "iid": iid,
    "permutation": permutation,
}


@dataclass(frozen=True)
class Blocks:
    """The blocks of steps start … stop−1, each a tensor `[steps, ..., batch, width]` made when it is asked for."""

    data: "PatternData"
    start: int
    stop: int
    device: torch.device

    def __len__(self) -> int:
        return -(-self.stop // CHUNK) - self.start // CHUNK if self.stop > self.start else 0

    def __iter__(self) -> Iterator[Tensor]:
        cuts = range((self.start // CHUNK + 1) * CHUNK, self.stop, CHUNK)
        edges = [self.start, *cuts, self.stop]
        for first, last in pairwise(edges):
            yield self.data.read(first, last, self.device)


class PatternData(pl.LightningDataModule):
    """Streams codes of a pattern's integers, up to the next evaluation, on the training device.

    A step gets `batches` batches of `batch_size` reals, side by side.

    Raises:
        InvalidValueError: for a batch size below 1, an unknown sampling, or a permutation of a huge support.
    """

    def __init__(
        self,
        pattern: Pattern,
        encoding: Encoding,
        batch_size: int,
        sampling: str,
        seed: int,
        steps: int,
        evaluate_every: int,
        batches: int = 1,
    ) -> None:
        super().__init__()
        pattern = pattern.seen if isinstance(pattern, HeldOut) else pattern
        batch_size = integer("batch_size", batch_size, 1, 2**20)
        draw = SAMPLING[choice("sampling", sampling, SAMPLING)]
        if draw is permutation and pattern.size > LARGEST_PERMUTATION:
            allowed = f"shuffles at most {LARGEST_PERMUTATION} integers, the pattern has {pattern.size}; use iid"
            raise InvalidValueError("sampling", sampling, allowed)

        reals = batches * batch_size

        def fill(integers: Tensor, generator: torch.Generator) -> None:
            integers.copy_(pattern.member(draw(pattern, len(integers), reals, generator)))

        self.stream: Stream | Streams = Stream(fill, (reals,), torch.int64, seed, "data")
        self.encoding = encoding
        self.batch_size, self.steps, self.evaluate_every = batch_size, steps, evaluate_every

    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        """The codes [stop−start, ..., batch, width] of the reals that steps start … stop−1 see."""
        return self.encoding.encode(self.stream.read(start, stop, device))

    def train_dataloader(self) -> Blocks:
        """The blocks of one epoch: from the current GAN step to the next evaluation or the end."""
        assert self.trainer is not None
        start = self.trainer.global_step
        next_evaluation = (start // self.evaluate_every + 1) * self.evaluate_every
        return Blocks(self, start, min(next_evaluation, self.steps), self.trainer.strategy.root_device)

    def val_dataloader(self) -> list[int]:
        """One dummy batch: an evaluation makes its own samples."""
        return [0]


def fused(members: Sequence[PatternData]) -> PatternData:
    """The data of a population: every member's own reals, [steps, members, batch, width] a block."""
    data = copy.copy(members[0])
    streams = [member.stream for member in members]
    data.stream = Streams([stream for stream in streams if isinstance(stream, Stream)], axis=1)
    return data
