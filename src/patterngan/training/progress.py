"""Training progress in the terminal, of a run alone or of a population."""

import time
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
from rich import progress
from rich.console import Console, RenderableType
from rich.text import Text
from typing_extensions import override

from patterngan.reporting.console import say, show
from patterngan.training.module import GAN

QUIET = 5.0
"""Seconds after which a run that is not watched in a terminal prints a line."""


class Bar(progress.Progress):
    """A progress bar with a line of text below it, cut where the terminal ends."""

    @override
    def get_renderables(self) -> Iterator[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            yield Text(task.fields["status"], no_wrap=True, overflow="ellipsis")


class Progress(pl.callbacks.ProgressBar):
    """A bar that counts GAN steps in a terminal, and now and then a line elsewhere; a line for each evaluation.

    Args:
        name: of a population. Its lines begin with the name and are in no log: each member has a log of its own.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self.name = name
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

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.started, self.first_step = time.monotonic(), trainer.global_step
        self.printed = self.started
        description = self.name or "training"
        self.task = self.bar.add_task(description, total=trainer.max_steps, completed=self.first_step, status="")
        self.bar.start()

    @override
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, GAN)
        step = trainer.global_step
        speed = f"{(step - self.first_step) / max(time.monotonic() - self.started, 1e-9):.0f} steps/s"
        if not self.bar.disable:
            status = f"{speed}  {_losses(pl_module)}  {pl_module.status()}"
            self.bar.update(self.task, completed=step, status=status)
        elif time.monotonic() - self.printed >= QUIET:
            self._print(f"step {step:>6} of {trainer.max_steps}  {speed}  {_losses(pl_module)}")

    def _print(self, line: str) -> None:
        show(self.console, f"{self.name}  {line}" if self.name else line)
        self.printed = time.monotonic()

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, GAN)
        if not pl_module.alive or trainer.state.fn != "fit":
            return
        if self.name:
            self._print(pl_module.evaluation_line())
        else:
            say(self.console, pl_module.evaluation_line())

    @override
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.bar.stop()

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self.bar.stop()


def _losses(gan: GAN) -> str:
    """The losses of the last step; of a population, the medians of its members."""
    assert gan.losses is not None
    generator, discriminator = (losses[-1].median().item() for losses in gan.losses)
    return f"loss D {discriminator:.3f}  G {generator:.3f}"
