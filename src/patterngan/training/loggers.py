"""The TensorBoard logger of a run."""

from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from typing_extensions import override

from patterngan.reporting.events import EventFile


class TensorBoard(Logger):
    """Writes one run's event file, alone or for a member of a population.

    Lightning's TensorBoardLogger takes as long in a run alone (1.00 times, the median of five pairs of 10 000 steps of
    the multiples recipe), but writes in a thread: where the disk is full that prints a traceback, and the error names
    no file.

    Args:
        save_dir: the folder of the event file.
        purge_step: see `events.EventFile`.
    """

    def __init__(self, save_dir: Path, purge_step: int | None) -> None:
        super().__init__()
        self.file = EventFile(save_dir, purge_step)

    name = version = None  # the folder names the run

    @override
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.file.scalars(metrics, step or 0)

    @override
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: `reporting.events.write_evaluation` writes them with the metrics that belong to them."""

    @override
    def save(self) -> None:
        self.file.flush()

    @override
    def finalize(self, status: str) -> None:
        with nullcontext() if status == "success" else suppress(OSError):  # a failed run has said why already
            self.save()
