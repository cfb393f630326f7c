"""The data module: an endless stream of encoded reals, cut into blocks of GAN steps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytorch_lightning as pl
import torch
from torch import Tensor

from patterngan.encodings import Encoding
from patterngan.patterns import Pattern
from patterngan.streams import CHUNK, Stream
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
    """The blocks of steps start … stop−1, each a tensor `[steps, batch, width]` made when it is asked for."""

    stream: Stream
    start: int
    stop: int
    device: torch.device

    def __len__(self) -> int:
        return -(-self.stop // CHUNK) - self.start // CHUNK if self.stop > self.start else 0

    def __iter__(self) -> Iterator[Tensor]:
        cuts = range((self.start // CHUNK + 1) * CHUNK, self.stop, CHUNK)
        edges = [self.start, *cuts, self.stop]
        for first, last in pairwise(edges):
            yield self.stream.read(first, last, self.device)


class PatternData(pl.LightningDataModule):
    """Streams codes of a pattern's integers, up to the next evaluation, on the training device.

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
    ) -> None:
        super().__init__()
        batch_size = integer("batch_size", batch_size, 1, 2**20)
        draw = SAMPLING[choice("sampling", sampling, SAMPLING)]
        if draw is permutation and pattern.size > LARGEST_PERMUTATION:
            allowed = f"shuffles at most {LARGEST_PERMUTATION} integers, the pattern has {pattern.size}; use iid"
            raise InvalidValueError("sampling", sampling, allowed)

        def codes(steps: int, generator: torch.Generator) -> Tensor:
            return encoding.encode(pattern.member(draw(pattern, steps, batch_size, generator)))

        self.stream = Stream(codes, seed, "data")
        self.steps, self.evaluate_every = steps, evaluate_every

    def train_dataloader(self) -> Blocks:
        """The blocks of one epoch: from the current GAN step to the next evaluation or the end."""
        assert self.trainer is not None
        start = self.trainer.global_step
        next_evaluation = (start // self.evaluate_every + 1) * self.evaluate_every
        return Blocks(self.stream, start, min(next_evaluation, self.steps), self.trainer.strategy.root_device)

    def val_dataloader(self) -> list[int]:
        """One dummy batch: an evaluation makes its own samples."""
        return [0]
