"""What a population shows while it trains: one bar and a line for each evaluation, and every member's own curves."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from patterngan.callbacks import Progress, curve_points, hyperparameters, sample_text
from patterngan.evaluation import selection_score
from patterngan.evaluator import Evaluation
from patterngan.events import EventFile
from patterngan.population_gan import PopulationGAN, gradient_norms
from patterngan.terminal import evaluation_line, show


class PopulationProgress(Progress):
    """`callbacks.Progress` for a population, which has a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the bar."""
        super().on_train_start(trainer, pl_module)
        self.bar.update(self.task, losses=self.name)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Moves the bar by a block."""
        if not self.bar.disable:
            self.bar.update(self.task, completed=trainer.global_step)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """A line for the evaluation: the median member, and the best."""
        assert isinstance(pl_module, PopulationGAN)
        if not pl_module.alive or trainer.state.fn != "fit":
            return
        text = median_and_best(pl_module)
        show(self.console, f"{self.name}  step {trainer.global_step:>6}  {text}")
        if not trainer.sanity_checking:
            self.bar.update(self.task, losses=f"{self.name}  {text}")


def median_and_best(gan: PopulationGAN) -> str:
    """Where the members of a population are, in half a line."""
    metrics = [gan.found[member].metrics for member in gan.alive]
    score = "tv" if "tv" in metrics[0] else "invalid"
    scores = [selection_score(found) for found in metrics]
    validity = statistics.median(found["validity"] for found in metrics)
    words = f"validity {validity:.3f}  {score} {statistics.median(scores):.3f} (median), best {min(scores):.3f}"
    return words + (f"  {len(gan.diverged)} diverged" if gan.diverged else "")


class PopulationCurves(pl.Callback):
    """`callbacks.Curves` for a population: each member has an event file in the folder of its own run."""

    def __init__(self, folders: Sequence[Path], settings: Sequence[dict[str, Any]], purge_step: int) -> None:
        self.files = [EventFile(folder, purge_step) for folder in folders]
        self.settings = settings

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """One point of losses and gradient norms."""
        assert isinstance(pl_module, PopulationGAN)
        assert pl_module.losses is not None
        points = {
            "losses/generator": pl_module.losses.generator.mean(0).tolist(),
            "losses/discriminator": pl_module.losses.discriminator.mean(0).tolist(),
            "grads/generator": gradient_norms(pl_module.generator).tolist(),
            "grads/discriminator": gradient_norms(pl_module.discriminator).tolist(),
        }
        for member in pl_module.alive:
            point = {name: values[member] for name, values in points.items()}
            self.files[member].scalars(point, trainer.global_step)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """One point of every metric, and sample integers as text. All that was gathered is written."""
        assert isinstance(pl_module, PopulationGAN)
        if trainer.state.fn != "fit":
            return
        for member in pl_module.alive:
            self._evaluation(member, pl_module.found[member], trainer.global_step, trainer.sanity_checking)
        self.flush()

    def _evaluation(self, member: int, found: Evaluation, step: int, first: bool) -> None:
        points = curve_points(found.metrics)
        self.files[member].scalars(points, step)
        self.files[member].text("samples", sample_text(found), step)
        if first:
            self.files[member].hyperparameters(hyperparameters(self.settings[member]), points)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Writes what a member that diverged left since the last evaluation."""
        self.flush()

    def flush(self) -> None:
        """Writes what was gathered."""
        for file in self.files:
            file.flush()


class Notes(pl.Callback):
    """What each member's log says, with the time at which it was so."""

    def __init__(self, members: int) -> None:
        self.lines: list[list[tuple[float, str]]] = [[] for _ in range(members)]

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """A line for the evaluation."""
        assert isinstance(pl_module, PopulationGAN)
        if trainer.state.fn == "fit":
            for member in pl_module.alive:
                line = evaluation_line(trainer.global_step, pl_module.found[member])
                self.lines[member].append((time.time(), line))
