"""What a population shows while it trains: one bar and a line for each evaluation, and every member's own curves."""

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.metrics import selection_score
from patterngan.evaluation.portraits import MOST_PORTRAITS, due_at
from patterngan.population.module import PopulationGAN, gradient_norms
from patterngan.reporting.console import evaluation_line
from patterngan.reporting.events import EventFile
from patterngan.reporting.tags import closeness, curve_points, head, portrait_tensors, sample_text
from patterngan.training.callbacks import Progress, losses_line
from patterngan.training.module import GAN


class PopulationProgress(Progress):
    """`callbacks.Progress` for a population, which has a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def status(self, gan: GAN) -> str:
        """What stands beside the bar."""
        assert isinstance(gan, PopulationGAN)
        return f"{losses_line(gan)}  {median_and_best(gan)}"

    def tell(self, line: str) -> None:
        """Shows a line."""
        super().tell(f"{self.name}  {line}")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """A line for the evaluation: the median member, and the best."""
        assert isinstance(pl_module, PopulationGAN)
        if pl_module.alive and trainer.state.fn == "fit":
            self.tell(f"step {trainer.global_step:>6}  {median_and_best(pl_module)}")


def median_and_best(gan: PopulationGAN) -> str:
    """Where the members of a population are, in half a line."""
    metrics = [gan.found[member].metrics for member in gan.alive if member in gan.found]
    if not metrics:
        return ""
    score = "tv" if "tv" in metrics[0] else "invalid"
    scores = [selection_score(found) for found in metrics]
    medians = {name: statistics.median(found[name] for found in metrics) for name in MEDIANS if name in metrics[0]}
    words = "  ".join(f"{name} {median:.3f}" for name, median in (medians | {score: statistics.median(scores)}).items())
    return f"{words} (medians), best {score} {min(scores):.3f}" + (
        f"  {len(gan.diverged)} diverged" if gan.diverged else ""
    )


MEDIANS = ("validity", "coverage")
"""What is shown of a population, beside the score."""


class PopulationCurves(pl.Callback):
    """`callbacks.Curves` for a population: each member has an event file in the folder of its own run.

    Args:
        folders: of the event files, by member.
        records: what each member's run was made from; see `checkpoints.KEY`.
        purge_step: see `EventFile`.
    """

    def __init__(self, folders: Mapping[int, Path], records: Sequence[dict[str, Any]], purge_step: int) -> None:
        self.files = {member: EventFile(folder, purge_step) for member, folder in folders.items()}
        self.records = records

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
        """What `Curves` writes at an evaluation. All that was gathered is handed to the operating system."""
        assert isinstance(pl_module, PopulationGAN)
        if trainer.state.fn != "fit":
            return
        for member in pl_module.alive:
            self._evaluation(member, pl_module.found[member], trainer.global_step, trainer.sanity_checking)
            self._portrait(member, pl_module.found[member], trainer.global_step)
        self.flush()

    def _evaluation(self, member: int, found: Evaluation, step: int, first: bool) -> None:
        self.files[member].scalars(curve_points(found.metrics) | closeness(found.metrics), step)
        self.files[member].text("samples", sample_text(found), step)
        if first:
            self.files[member].add(head(self.records[member], found.metrics))

    def _portrait(self, member: int, found: Evaluation, step: int) -> None:
        settings = self.records[member]["settings"]
        wanted = due_at(step, settings["evaluate_every"], settings["steps"], MOST_PORTRAITS)
        if found.portrait is not None and wanted:
            self.files[member].tensors(portrait_tensors(found.portrait), step)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Writes what a member that diverged left since the last evaluation."""
        self.flush()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Writes what came after the last evaluation, before the checkpoint that may be written now."""
        self.flush()

    def flush(self) -> None:
        """Writes what was gathered."""
        for file in self.files.values():
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
