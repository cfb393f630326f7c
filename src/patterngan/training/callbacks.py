"""Lightning callbacks: curves and pictures in the loggers, how to go on, and stopping at a signal.

`Curves` serves a run alone and every member of a population.
"""

import signal
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping, Timer
from rich.console import Console
from typing_extensions import override

from patterngan.data.streams import CHUNK
from patterngan.evaluation.portraits import MOST_PICTURES, due
from patterngan.reporting.commands import resume_arguments, resume_command
from patterngan.reporting.console import say
from patterngan.storage.checkpoints import FOLDER, LAST
from patterngan.storage.results import remove_result
from patterngan.training.module import GAN
from patterngan.training.progress import Progress
from patterngan.training.stopping import SignalNote, StoppedBetweenBlocksError, unclaimed_signals

FLUSH = 5.0
"""Seconds after which curves are handed to the operating system, where no evaluation does it before."""


class Curves(pl.Callback):
    """Writes the curves of every member to its loggers; their x axis is the GAN step.

    Losses are means over a block and gradient norms those of its last step. At an evaluation the curves are flushed
    before the checkpoint is written, so that a resumed run has every point up to it.
    """

    def __init__(self) -> None:
        self.flushed = time.monotonic()

    @override
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, GAN)
        if is_point(trainer):
            self._log_losses(trainer.global_step, pl_module)
        if time.monotonic() - self.flushed >= FLUSH:
            self._flush(trainer, pl_module)

    def _log_losses(self, step: int, gan: GAN) -> None:
        assert gan.losses is not None
        curves = {
            "losses/generator": gan.losses.generator.mean(0).flatten().tolist(),
            "losses/discriminator": gan.losses.discriminator.mean(0).flatten().tolist(),
            "grads/generator": gan.gradient_norms(gan.generator),
            "grads/discriminator": gan.gradient_norms(gan.discriminator),
        }
        for member in gan.alive:
            points = {tag: values[member] for tag, values in curves.items()}
            for log in gan.logs.get(member, ()):
                log.log_metrics(points, step)

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, GAN)
        if trainer.state.fn != "fit":
            return
        for member in pl_module.alive:
            evaluation, record = pl_module.evaluations[member], pl_module.records[member]
            for log in pl_module.logs.get(member, ()):
                log.log_evaluation(evaluation, trainer.global_step, record, first=trainer.sanity_checking)
        self._flush(trainer, pl_module)

    @override
    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._flush(trainer, pl_module)

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        if not isinstance(exception, OSError):  # a disk that is full takes no curves either
            self._flush(trainer, pl_module)  # before the checkpoint that may be written now

    def _flush(self, trainer: pl.Trainer, gan: pl.LightningModule) -> None:
        """Hands what was logged to the operating system: TensorBoard sees it, and a kill loses none of it."""
        assert isinstance(gan, GAN)
        for logs in gan.logs.values():
            for log in logs:
                log.save()
        lost = [log.logger for log in gan.logs.get(0, ()) if log.is_lost]
        # Lightning would close these too, and wait for their server again.
        trainer.loggers = [logger for logger in trainer.loggers if logger not in lost]
        self.flushed = time.monotonic()


def is_point(trainer: pl.Trainer) -> bool:
    """Whether the training curves have a point where a block ends: every `log_every_n_steps`, never where it is 0.

    Where these steps are at most those of the longest block, also at the evaluations between.
    """
    every: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    return every > 0 and (trainer.global_step % every == 0 or (every <= CHUNK and trainer.is_last_batch))


class Pictures(pl.Callback):
    """Draws what the GAN generates, D(x) of every integer, and codes, for the loggers that show pictures.

    The runs of a sweep are drawn when it ends, and only the best of them: see `reporting.sweep_page`.
    """

    def __init__(self) -> None:
        self.album: Any = None

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, GAN)
        logs = [log for log in pl_module.logs.get(0, ()) if "pictures" not in log.lacks]
        every = trainer.datamodule.evaluate_every  # type: ignore[attr-defined]
        is_due = due(trainer.global_step, every, pl_module.steps, MOST_PICTURES)
        portrait = pl_module.evaluations[0].portrait
        if not logs or trainer.state.fn != "fit" or not is_due or portrait is None:
            return
        from patterngan.reporting.pictures import Album  # matplotlib takes half a second

        self.album = self.album or Album(portrait)
        pictures = self.album.draw(portrait)
        for log in logs:
            log.log_pictures(pictures, trainer.global_step)
            log.save()


class ResumeHint(pl.Callback):
    """Prints at the start how to go on with the run: a run that is killed can print nothing."""

    printed = False

    @override
    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Here the first checkpoint is written: Lightning calls checkpoint callbacks last.
        assert isinstance(pl_module, GAN)
        folder = Path(trainer.default_root_dir)
        if not self.printed and (folder / FOLDER / LAST).exists():
            command = resume_command(folder, *resume_arguments(pl_module.records[0]["overrides"]))
            bar = trainer.progress_bar_callback  # another console would write into the bar
            console = bar.console if isinstance(bar, Progress) else Console()
            say(console, f"if it is stopped, go on with: {command}")
        self.printed = True


class RemoveResult(pl.Callback):
    """Deletes the result of an earlier session once a step is to be trained: a run that goes on has not ended."""

    done = False

    @override
    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if not self.done:
            remove_result(Path(trainer.default_root_dir))
        self.done = True


class StopAtSignals(pl.Callback):
    """Stops training at the first block after a signal, and at once after a second signal."""

    def __init__(self) -> None:
        self.signals, self.note = unclaimed_signals(), SignalNote()

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Takes the place of the handler that Lightning has set by now. Lightning restores the first ones at the end.
        for number in self.signals:
            signal.signal(number, self.note)

    @override
    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Here the block before is trained, and where an evaluation was due it is made and kept.
        if self.note.caught is not None:
            raise StoppedBetweenBlocksError(self.note.caught)


def why_stopped(trainer: pl.Trainer) -> str:
    """Why training ended before its last step."""
    if trainer.fast_dev_run:  # type: ignore[attr-defined]
        return "trainer.fast_dev_run takes no more"
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        remaining = callback.time_remaining() if isinstance(callback, Timer) else None
        if remaining is not None and remaining <= 0:
            return "its time is used up"
        if isinstance(callback, EarlyStopping) and callback.stopping_reason_message is not None:
            return callback.stopping_reason_message.removesuffix(" Signaling Trainer to stop.").rstrip(".")
    return "a callback stopped it"


class Weights(pl.Callback):
    """Writes every weight as a curve of its own, at every block: for networks of a few weights.

    With `evaluate_every=1` a block is one step.
    """

    @override
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, GAN)
        points = {
            f"weights/{name}" + (f".{index}" if weight.numel() > 1 else ""): value
            for name, weight in pl_module.named_parameters()
            for index, value in enumerate(weight.flatten().tolist())
        }
        for log in pl_module.logs.get(0, ()):
            log.log_metrics(points, trainer.global_step)
