"""What a run shows, written to each of its loggers: curves, hyper-parameters, sample integers and pictures."""

import io
import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from PIL import Image
from pytorch_lightning.loggers import Logger

from patterngan.evaluation.evaluator import Evaluation
from patterngan.reporting.events import curve_points, hyperparameters
from patterngan.storage.files import is_disk_error
from patterngan.validation import UsageError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a run writes."""

    folder: Path
    """Of the run."""
    events: Path
    """The folder of its event files."""
    name: str
    """What the run is called where many runs are listed."""
    in_sweep: bool
    purge_step: int
    """See `reporting.events.EventFile`."""
    swept: tuple[str, ...] = ()
    """The keys in which the runs of its sweep differ."""


class Adapter:
    """Writes what a run shows to one logger. Loggers without an adapter in `known_loggers` have this one.

    A logger that fails while the run trains, for instance because its server is gone, is lost: the run goes on without
    it. Errors of the disk are raised: the run itself needs the disk.

    Args:
        name: of the logger in the config.
        logger: Lightning's.
        place: where the run writes.
        lost: names of the loggers that are lost. The members of a population share it, as they share a server.
    """

    needs: ClassVar[str | None] = None
    """A package that patterngan does not depend on; the extra that installs it has the same name."""

    lacks: ClassVar[tuple[str, ...]] = ("pictures", "sample texts")
    """What the logger cannot show."""

    keeps_portraits: ClassVar[bool] = False
    """Whether report pages, and the pictures of a sweep's best runs, can be drawn from what it wrote."""

    def __init__(self, name: str, logger: Logger, place: Place, lost: set[str]) -> None:
        self.name, self.logger, self.place, self.lost = name, logger, place, lost

    @classmethod
    def offered(cls, place: Place, typed: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the logger that follow from the run. `typed`: those that the config has."""
        return {"save_dir": place.folder}

    @property
    def is_lost(self) -> bool:
        """Whether the logger has failed."""
        return self.name in self.lost

    def start(self, record: Mapping[str, Any]) -> None:
        """Opens the logger and writes the hyper-parameters. `record`: see `reporting.events.write_evaluation`.

        Raises:
            UsageError: if the logger cannot be opened.
        """
        try:
            self.place.folder.mkdir(parents=True, exist_ok=True)
            self.logger.log_hyperparams(hyperparameters(record["settings"], record["overrides"]))
        except Exception as error:
            self._raise_disk_error(error)
            raise UsageError(f"logger={self.name}: {_first_line(error)}") from error

    def log_metrics(self, points: Mapping[str, float], step: int) -> None:
        """Adds one point to each curve; `points` are by tag."""
        self._attempt(self.logger.log_metrics, points, step=step)

    def log_evaluation(self, evaluation: Evaluation, step: int, record: Mapping[str, Any], first: bool) -> None:
        """Writes an evaluation; `first`: whether it is that of the initial weights."""
        self._attempt(self._write_evaluation, evaluation, step, record, first)

    def _write_evaluation(self, evaluation: Evaluation, step: int, record: Mapping[str, Any], first: bool) -> None:
        self.logger.log_metrics(curve_points(evaluation.metrics), step=step)
        self._write_text(" ".join(map(str, evaluation.integers)), step)

    def _write_text(self, integers: str, step: int) -> None:
        """Writes sample integers, if the logger shows texts."""

    def log_pictures(self, pngs: Mapping[str, bytes], step: int) -> None:
        """Writes encoded PNGs, by tag."""
        self._attempt(self._write_pictures, pngs, step)

    def _write_pictures(self, pngs: Mapping[str, bytes], step: int) -> None:
        for tag, png in pngs.items():
            self._write_picture(tag, Image.open(io.BytesIO(png)), step)

    def _write_picture(self, tag: str, picture: Image.Image, step: int) -> None:
        """Writes a picture, if the logger shows pictures."""

    def save(self) -> None:
        """Hands what was written to the operating system, or to the logger's server."""
        self._attempt(self.logger.save)

    def finish(self, status: Literal["success", "failed"]) -> None:
        """Closes the logger; a run that has failed has said already that the disk is full."""
        with suppress(OSError) if status == "failed" else nullcontext():
            self._attempt(self._close, status)

    def _close(self, status: str) -> None:
        self.logger.finalize(status)

    def _attempt(self, write: Callable[..., None], *values: Any, **named: Any) -> None:
        if self.is_lost:
            return
        try:
            write(*values, **named)
        except Exception as error:
            self._raise_disk_error(error)
            self.lost.add(self.name)
            log.warning("logger=%s: takes no more: %s", self.name, _first_line(error))

    def _raise_disk_error(self, error: Exception) -> None:
        if isinstance(error, OSError) and is_disk_error(error, self.place.folder):
            raise OSError(error.errno, error.strerror, error.filename or str(self.place.folder)) from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
