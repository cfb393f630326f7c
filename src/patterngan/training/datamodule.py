"""The data module: an endless stream of encoded reals, cut into blocks of GAN steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytorch_lightning as pl
import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.patterns import LARGEST_LISTED, HeldOut, Pattern
from patterngan.data.streams import CHUNK, StepStream, Stream
from patterngan.validation import InvalidValueError, choice, integer


def iid(pattern: Pattern, steps: int, batch_size: int, generator: torch.Generator) -> Tensor:
    """Ranks [steps, batch], drawn uniformly, with replacement."""
    return torch.randint(pattern.size, (steps, batch_size), generator=generator, device=generator.device)


def permutation(pattern: Pattern, steps: int, batch_size: int, generator: torch.Generator) -> Tensor:
    """Ranks [steps, batch], dealt from shuffled copies of the support, one after another.

    A batch as large as the support holds each rank once.
    """
    needed = steps * batch_size
    keys_shape = -(-needed // pattern.size), pattern.size
    keys = torch.rand(keys_shape, generator=generator, device=generator.device, dtype=torch.float64)
    return keys.argsort(-1).flatten()[:needed].view(steps, batch_size)


SAMPLING = {"iid": iid, "permutation": permutation}
"""The choices of `data.sampling`."""


@dataclass(frozen=True)
class Blocks:
    """The blocks between two steps of `edges`, each a tensor `[steps, ..., batch, width]` made when it is asked for."""

    data: "PatternData"
    edges: list[int]
    device: torch.device

    def __len__(self) -> int:
        return len(self.edges) - 1

    def __iter__(self) -> Iterator[Tensor]:
        for start, stop in pairwise(self.edges):
            yield self.data.read(start, stop, self.device)


class PatternData(pl.LightningDataModule):
    """Streams codes of a pattern's integers, up to the next evaluation, on the training device.

    A step gets `batches` batches of `batch_size` reals, side by side. No support above `LARGEST_LISTED` is permuted.
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
        reals = batches * integer("batch_size", batch_size, 1, 2**20)
        draw = SAMPLING[choice("sampling", sampling, SAMPLING)]
        if draw is permutation and pattern.size > LARGEST_LISTED:
            allowed = f"shuffles at most {LARGEST_LISTED} integers, the pattern has {pattern.size}; use iid"
            raise InvalidValueError("sampling", sampling, allowed)

        def fill(integers: Tensor, generator: torch.Generator) -> None:
            integers.copy_(pattern.member(draw(pattern, len(integers), reals, generator)))

        self.stream: StepStream = Stream(fill, (reals,), torch.int64, seed, "data")
        self.encoding, self.steps, self.evaluate_every = encoding, steps, evaluate_every

    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        """The codes [stop−start, ..., batch, width] of the reals that steps start … stop−1 see."""
        return self.encoding.encode(self.stream.read(start, stop, device))

    def train_dataloader(self) -> Blocks:
        """The blocks of one epoch: from the current GAN step to the next evaluation or the end."""
        assert self.trainer is not None
        start = self.trainer.global_step
        stop = min((start // self.evaluate_every + 1) * self.evaluate_every, self.steps)
        cuts = range((start // CHUNK + 1) * CHUNK, stop, CHUNK)
        return Blocks(self, [start, *cuts, stop], self.trainer.strategy.root_device)

    def val_dataloader(self) -> list[int]:
        """One dummy batch: an evaluation makes its own samples."""
        return [0]
