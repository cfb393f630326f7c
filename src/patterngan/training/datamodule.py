"""The data module: an endless stream of encoded reals, cut into blocks of GAN steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor
from typing_extensions import override

from patterngan.data.encodings import Encoding, cut_to
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import LARGEST_LISTED, Pattern
from patterngan.data.streams import CHUNK, StepStream, Stream
from patterngan.gan.schedules import schedule
from patterngan.training.lengths import LengthStream
from patterngan.training.module import GAN
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
    dtype = torch.float32 if generator.device.type == "mps" else torch.float64  # which Apple GPUs do not have
    keys = torch.rand(keys_shape, generator=generator, device=generator.device, dtype=dtype)
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


def block_ends(trainer: pl.Trainer) -> list[int]:
    """The numbers of GAN steps at whose multiples a block ends, beside evaluations.

    A chunk of random numbers ends there, a point of the training curves is due, or a checkpoint of a ModelCheckpoint.
    """
    checkpoints = [one for one in trainer.checkpoint_callbacks if isinstance(one, ModelCheckpoint)]
    wanted = [checkpoint._every_n_train_steps for checkpoint in checkpoints]
    wanted.append(trainer.log_every_n_steps)  # type: ignore[attr-defined]
    return [CHUNK, *filter(None, wanted)]


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
        length_power: Any = 1.0,
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

        power = schedule("length_power", length_power, 0)
        self.stream: StepStream = Stream(fill, (reals,), torch.int64, seed, "data")
        self.lengths = getattr(encoding, "lengths", "full") == "all"
        if self.lengths:
            self.stream = LengthStream(pattern, encoding.symbols, power, steps, reals, seed)
        self.encoding, self.steps, self.evaluate_every = encoding, steps, evaluate_every

    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        """The codes [stop−start, ..., batch, width] of the reals that steps start … stop−1 see."""
        read = self.stream.read(start, stop, device)
        if not self.lengths:
            return self.encoding.encode(read)
        return cut_to(self.encoding.encode(read[..., 0]), read[..., 1], self.encoding.symbols)

    def train_dataloader(self) -> Blocks:
        """The blocks of one epoch: from the current GAN step to the next evaluation or the end."""
        assert self.trainer is not None
        start, stop = self.trainer.global_step, min(self.steps, self.trainer.max_steps)
        if self.trainer.max_epochs != 1:  # there is one where fast_dev_run is asked for
            stop = min((start // self.evaluate_every + 1) * self.evaluate_every, stop)
        cuts = [range((start // every + 1) * every, stop, every) for every in block_ends(self.trainer)]
        return Blocks(self, sorted({start, stop}.union(*cuts)), self.trainer.strategy.root_device)

    @override
    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        # The last hook before callbacks: when a block starts, those of Lightning look at its learning rates and x axis.
        assert self.trainer is not None
        if self.trainer.training:
            assert isinstance(self.trainer.lightning_module, GAN)
            self.trainer.lightning_module.start_block(len(batch))
        return batch

    def val_dataloader(self) -> list[int]:
        """One dummy batch: an evaluation makes its own samples."""
        return [0]
