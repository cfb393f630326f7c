"""What a run shows while it trains: a bar and lines in the terminal, curves in TensorBoard."""

from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.loggers import TensorBoardLogger
from rich import progress
from rich.console import Console

from patterngan.configs import leaves
from patterngan.evaluation import Metrics
from patterngan.evaluator import Evaluation
from patterngan.gan import GAN, gradient_norm
from patterngan.terminal import evaluation_line, say


class Progress(pl.callbacks.ProgressBar):
    """A bar that counts GAN steps in a terminal; everywhere, a line and sample integers for each evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.console = Console()
        self.bar = progress.Progress(
            progress.TextColumn("training"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("steps"),
            progress.TimeElapsedColumn(),
            progress.TextColumn("left"),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.fields[losses]}"),
            console=self.console,
            transient=True,
            refresh_per_second=4,
            disable=not self.console.is_terminal,
        )

    def disable(self) -> None:
        """Lightning's switch for processes that should stay silent."""
        self.bar.disable = True

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the bar where training starts, which after a resume is not 0."""
        self.task = self.bar.add_task("", total=trainer.max_steps, completed=trainer.global_step, losses="")
        self.bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Moves the bar by a block."""
        if self.bar.disable:
            return
        assert isinstance(pl_module, GAN)
        losses = pl_module.losses
        text = "" if losses is None else f"loss G {losses.generator[-1]:.3f}  D {losses.discriminator[-1]:.3f}"
        self.bar.update(self.task, completed=trainer.global_step, losses=text)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """A line for the evaluation."""
        assert isinstance(pl_module, GAN)
        if pl_module.latest is not None and trainer.state.fn == "fit":
            say(self.console, evaluation_line(trainer.global_step, pl_module.latest))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes the bar away."""
        self.bar.stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Takes the bar away."""
        self.bar.stop()


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
        """One point of every metric, and sample integers as text."""
        assert isinstance(pl_module, GAN)
        if pl_module.latest is None or trainer.state.fn != "fit":
            return
        points = curve_points(pl_module.latest.metrics)
        for logger in trainer.loggers:
            if trainer.sanity_checking and isinstance(logger, TensorBoardLogger):
                # Once for each folder, with the metrics before training: these also are their first points.
                flat = hyperparameters(pl_module.record["settings"])
                logger.log_hyperparams(flat, points, step=trainer.global_step)
            else:
                logger.log_metrics(points, step=trainer.global_step)
            if isinstance(logger, TensorBoardLogger):
                text = sample_text(pl_module.latest)
                logger.experiment.add_text("samples", text, global_step=trainer.global_step)
        save(trainer)


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


def curve_points(metrics: Metrics) -> dict[str, float]:
    """The metrics that are single numbers, under the names of their curves."""
    return {f"metrics/{name}": float(value) for name, value in metrics.items() if type(value) in (int, float)}


def sample_text(latest: Evaluation) -> str:
    """Sample integers as a line of Markdown."""
    return "`" + " ".join(map(str, latest.integers)) + "`"


def hyperparameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as flat keys for the HPARAMS tab; a `_target_` is shown as its group's choice."""
    flat: dict[str, Any] = {}
    for key, value in leaves(settings):
        if key.endswith("._target_"):
            flat[key.removesuffix("._target_")] = str(value).rpartition(".")[2]
        else:
            flat[key] = str(value) if isinstance(value, list) else value
    return flat
