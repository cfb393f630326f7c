"""What a run shows while it trains: a bar and lines in the terminal, curves in TensorBoard."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from rich import progress
from rich.console import Console, RenderableType
from rich.text import Text

from patterngan.evaluation.portraits import MOST_PICTURES, MOST_PORTRAITS, Portrait, due_at
from patterngan.reporting.console import brief, evaluation_line, resume_command, say, show
from patterngan.reporting.tags import closeness, curve_points, head, portrait_tensors, sample_text
from patterngan.storage.checkpoints import FOLDER, LAST
from patterngan.training.loggers import TensorBoard
from patterngan.training.module import GAN, gradient_norm

QUIET = 5.0
"""Seconds after which a run that is not watched in a terminal says where it is."""


class Bar(progress.Progress):
    """A bar, and below it what is known, cut where the terminal ends."""

    def get_renderables(self) -> Iterator[RenderableType]:
        """See `rich.progress.Progress`."""
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            yield Text(task.fields["status"], no_wrap=True, overflow="ellipsis")


class Progress(pl.callbacks.ProgressBar):
    """A bar that counts GAN steps in a terminal, and now and then a line elsewhere; a line for each evaluation."""

    name = "training"

    def __init__(self) -> None:
        super().__init__()
        self.console = Console()
        self.bar = Bar(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(bar_width=20),
            progress.MofNCompleteColumn(),
            progress.TextColumn("steps"),
            progress.TimeRemainingColumn(),
            console=self.console,
            transient=True,
            refresh_per_second=4,
            disable=not self.console.is_terminal,
        )
        self.silent = False

    def disable(self) -> None:
        """Lightning's switch for processes that should stay silent."""
        self.bar.disable = self.silent = True

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the bar where training starts, which after a resume is not 0."""
        self.started, self.start = time.monotonic(), trainer.global_step
        self.spoken = self.started
        self.task = self.bar.add_task(self.name, total=trainer.max_steps, completed=trainer.global_step, status="")
        self.bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Moves the bar by a block, or says where training is if nothing was said for a while."""
        assert isinstance(pl_module, GAN)
        step, now = trainer.global_step, time.monotonic()
        if not self.bar.disable:
            self.bar.update(self.task, completed=step, status=f"{self._speed(step)}  {self.status(pl_module)}")
        elif not self.silent and now - self.spoken >= QUIET:
            where = f"step {step:>6} of {trainer.max_steps}"
            self.tell(f"{where}  {self._speed(step)}  {losses_line(pl_module)}")

    def _speed(self, step: int) -> str:
        return f"{(step - self.start) / max(time.monotonic() - self.started, 1e-9):.0f} steps/s"

    def status(self, gan: GAN) -> str:
        """What stands beside the bar."""
        found = "" if gan.latest is None else brief(gan.latest.metrics)
        return f"{losses_line(gan)}  {found}"

    def tell(self, line: str) -> None:
        """Shows a line, which no log needs."""
        show(self.console, line)
        self.spoken = time.monotonic()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """A line for the evaluation."""
        assert isinstance(pl_module, GAN)
        if pl_module.latest is not None and trainer.state.fn == "fit":
            say(self.console, evaluation_line(trainer.global_step, pl_module.latest))
            self.spoken = time.monotonic()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes the bar away."""
        self.bar.stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Takes the bar away."""
        self.bar.stop()


def losses_line(gan: GAN) -> str:
    """The losses of the last step; of a population, the medians of its members."""
    if gan.losses is None:
        return ""
    generator, discriminator = (losses[-1].median().item() for losses in gan.losses)
    return f"loss D {discriminator:.3f}  G {generator:.3f}"


class Curves(pl.Callback):
    """Writes the curves; their x axis is the GAN step.

    Losses are means over a block and gradient norms those of its last step: a point and a flush a block. At an
    evaluation the flush comes before the checkpoint is written: a resumed run finds every point up to it.
    """

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """One point of losses and gradient norms."""
        assert isinstance(pl_module, GAN)
        assert pl_module.losses is not None
        points = {
            "losses/generator": pl_module.losses.generator.mean().item(),
            "losses/discriminator": pl_module.losses.discriminator.mean().item(),
            "grads/generator": gradient_norm(pl_module.generator),
            "grads/discriminator": gradient_norm(pl_module.discriminator),
        }
        for logger in trainer.loggers:
            logger.log_metrics(points, step=trainer.global_step)
        save(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """One point of every metric, sample integers as text, and what pictures are drawn from."""
        assert isinstance(pl_module, GAN)
        if pl_module.latest is None or trainer.state.fn != "fit":
            return
        step, metrics = trainer.global_step, pl_module.latest.metrics
        for logger in trainer.loggers:
            logger.log_metrics(curve_points(metrics) | closeness(metrics), step=step)
            if isinstance(logger, TensorBoard):
                if trainer.sanity_checking:  # once for each folder
                    logger.file.add(head(pl_module.record, metrics))
                logger.file.text("samples", sample_text(pl_module.latest), step)
                if (portrait := portrait_due(trainer, pl_module, MOST_PORTRAITS)) is not None:
                    logger.file.tensors(portrait_tensors(portrait), step)
        save(trainer)


class Pictures(pl.Callback):
    """Draws what the GAN generates, what D takes for real, and codes, for TensorBoard's IMAGES tab.

    A sweep's runs are drawn when it ends, and only the best of them: see `sweeps.page`.
    """

    def __init__(self) -> None:
        self.album: Any = None

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """One picture of each kind, where the evaluation has a portrait."""
        assert isinstance(pl_module, GAN)
        loggers = [logger for logger in trainer.loggers if isinstance(logger, TensorBoard)]
        portrait = portrait_due(trainer, pl_module, MOST_PICTURES)
        if portrait is None or not loggers or trainer.state.fn != "fit":
            return
        from patterngan.reporting.pictures import Album, png  # matplotlib takes half a second

        self.album = self.album or Album(portrait)
        for name, pixels in self.album.draw(portrait).items():
            for logger in loggers:
                logger.file.image(f"pictures/{name}", png(pixels), trainer.global_step)
        save(trainer)


def portrait_due(trainer: pl.Trainer, gan: GAN, most: int) -> Portrait | None:
    """The portrait of the last evaluation, where one of so many is wanted at this step."""
    every = trainer.datamodule.evaluate_every  # type: ignore[attr-defined]
    wanted = due_at(trainer.global_step, every, gan.steps, most)
    return gan.latest.portrait if gan.latest is not None and wanted else None


class HowToGoOn(pl.Callback):
    """Says at the start how to go on with a run that is killed, which can say nothing any more."""

    def __init__(self) -> None:
        self.said = False

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """One line, once there is a checkpoint."""
        folder = Path(trainer.default_root_dir)
        if not self.said and (folder / FOLDER / LAST).exists():
            bar = trainer.progress_bar_callback  # another console would write into it
            say(
                bar.console if isinstance(bar, Progress) else Console(),
                f"if it is stopped, go on with: {resume_command(folder)}",
            )
        self.said = True


class Weights(pl.Callback):
    """Writes every weight as a curve of its own, at every block: for networks of a few weights.

    With `evaluate_every=1` a block is one step.
    """

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """One point of every weight."""
        points = {
            f"weights/{name}" + (f".{index}" if weight.numel() > 1 else ""): value
            for name, weight in pl_module.named_parameters()
            for index, value in enumerate(weight.flatten().tolist())
        }
        for logger in trainer.loggers:
            logger.log_metrics(points, step=trainer.global_step)


def save(trainer: pl.Trainer) -> None:
    """Hands what was logged to the operating system, so that TensorBoard sees it and a kill loses nothing."""
    for logger in trainer.loggers:
        logger.save()
