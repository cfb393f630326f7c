"""Where curves are written."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger

from patterngan.reporting.events import EventFile


class TensorBoard(Logger):
    """The event file of a run alone, in its own folder.

    Lightning's own hands everything to a thread: where the disk is full, that prints a traceback of its own.

    Args:
        save_dir: the folder of the event file.
        purge_step: see `events.EventFile`.
    """

    def __init__(self, save_dir: Path, purge_step: int) -> None:
        super().__init__()
        self.file = EventFile(save_dir, purge_step)

    @property
    def name(self) -> None:
        """There is none: the folder says what it is."""

    @property
    def version(self) -> None:
        """There is none."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """A point of each curve."""
        self.file.scalars(metrics, step or 0)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """See `curves.head`, which says more."""

    def save(self) -> None:
        """Hands what was logged to the operating system."""
        self.file.flush()

    def finalize(self, status: str) -> None:
        """Hands over what is left."""
        with suppress(*[OSError] * (status != "success")):  # why the run failed has been said
            self.save()
