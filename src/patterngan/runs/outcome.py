"""How a run, or a member of a population, ended: written into its result and its log alike."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.metrics import Metrics
from patterngan.storage.results import Result, Status
from patterngan.storage.stopwatch import Seconds
from patterngan.training.module import DivergedError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: with an evaluation, or with an error."""

    steps: int
    """GAN steps trained."""
    seconds: Seconds
    evaluation: Evaluation | None = None
    """The last one, of a run that completed."""
    error: Exception | None = None
    """Why it did not complete."""
    ended: str | None = None
    """Where and why it ended, if it completed before its last step."""
    log_lines: list[tuple[float, str]] = field(default_factory=list)
    """Time and text of lines that are not in its log yet."""

    @property
    def status(self) -> Status:
        """As in result.json."""
        if self.error is None:
            return "completed"
        return "diverged" if isinstance(self.error, DivergedError) else "failed"

    @property
    def metrics(self) -> Metrics:
        """Of the evaluation; empty without one."""
        return self.evaluation.metrics if self.evaluation else {}

    def write(self, folder: Path, seed: int | None, overrides: list[str]) -> None:
        """Writes the lines of the log, and result.json into the run's folder."""
        for created, line in self.log_lines:
            record = log.makeRecord(log.name, logging.INFO, __file__, 0, line, (), None)
            record.created, record.msecs = created, created % 1 * 1000
            log.handle(record)
        error = None if self.error is None else str(self.error)
        Result(
            self.status, seed, self.steps, *self.seconds, overrides, error=error, ended=self.ended, metrics=self.metrics
        ).write(folder)
        if error is not None:
            log.error("%s", error)


def metric_value(metrics: Metrics, name: str) -> float | None:
    """The metric of that name; None where the run's evaluation has no such figure."""
    value = metrics.get(name)
    return None if value is None else float(value)
