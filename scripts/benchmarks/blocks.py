"""The time of blocks of GAN steps in Lightning's loop, for benchmarks."""

from collections.abc import Callable
from itertools import pairwise

import pytorch_lightning as pl
from omegaconf import DictConfig
from typing_extensions import override

from patterngan.runs.trainer import build_trainer
from patterngan.training.datamodule import PatternData
from patterngan.training.module import GAN


class BlockEnds(pl.Callback):
    """Records when blocks of GAN steps end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.times: list[float] = []

    @override
    def on_train_batch_end(self, *_: object) -> None:
        self.times.append(self.clock())


def block_seconds(config: DictConfig, gan: GAN, data: PatternData, clock: Callable[[], float]) -> list[float]:
    """Trains a GAN; returns the time by `clock` of each of its blocks but the first."""
    ends = BlockEnds(clock)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    build_trainer(config, callbacks=[ends], num_sanity_val_steps=0, **quiet).fit(gan, data)
    return [end - start for start, end in pairwise(ends.times)]
