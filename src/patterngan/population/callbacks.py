"""The callbacks of a population: those of a run alone, made to serve all members."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from typing_extensions import override

from patterngan.population.module import PopulationGAN
from patterngan.population.snapshots import Snapshots
from patterngan.reporting.console import evaluation_line
from patterngan.runs.job import Job
from patterngan.runs.trainer import build_callbacks
from patterngan.storage.checkpoints import Checkpoint
from patterngan.training.callbacks import Curves, Pictures
from patterngan.training.checkpointing import EvaluationCheckpoint
from patterngan.training.module import DivergedError
from patterngan.training.progress import Progress

FUSIBLE_CALLBACKS = (Progress, Curves, Pictures, EvaluationCheckpoint)
"""The callbacks that a run may have and still be a member of a population."""


def population_callbacks(
    members: Sequence[Job], name: str, file: Path, checkpoints: Sequence[Checkpoint | None]
) -> list[pl.Callback]:
    """The callbacks that the members' configs name, once for all members.

    Pictures are left out: those of the best runs are drawn when the sweep ends. Args: see `Piece`; `checkpoints`, from
    which the members go on.
    """
    callbacks: list[pl.Callback] = []
    for callback in build_callbacks(members[0].config):
        if isinstance(callback, Progress):
            callbacks.append(Progress(name))
        elif isinstance(callback, Curves):
            callbacks.append(callback)
        elif isinstance(callback, EvaluationCheckpoint):
            best = [checkpoint.best if checkpoint else math.inf for checkpoint in checkpoints]
            callbacks.append(Snapshots(file, [job.folder for job in members], best))
    return callbacks


class MemberLogs(pl.Callback):
    """Collects the lines of each member's log, with their times. The log is written when the population has ended."""

    def __init__(self, members: int) -> None:
        self.lines: list[list[tuple[float, str]]] = [[] for _ in range(members)]

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, PopulationGAN)
        if trainer.state.fn == "fit":
            for member in pl_module.alive:
                line = evaluation_line(trainer.global_step, pl_module.evaluations[member])
                self.lines[member].append((time.time(), line))


class StopAtDivergence(pl.Callback):
    """Ends training by a `DivergedError` at the first block after a member diverged.

    The other members keep the checkpoints of their last evaluation and go on from there when the sweep is started
    again. A member that diverged in the last block stops nobody: the others have ended.
    """

    @override
    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, PopulationGAN)
        if pl_module.diverged:
            raise DivergedError(min(pl_module.diverged.values()))
