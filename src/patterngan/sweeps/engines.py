"""Where populations train: in this process, or as tasks of a Ray cluster."""

import logging
import signal
import socket
from collections.abc import Generator
from typing import Any

from rich.console import Console

from patterngan.population.training import Piece, train_piece
from patterngan.reporting.console import show
from patterngan.runs.outcome import Outcome
from patterngan.training.stopping import SignalNote, restored_handlers, unclaimed_signals
from patterngan.validation import InvalidValueError, UsageError

RETRIES = 5
"""How often a piece is tried again after the worker that trained it died. It goes on from its last evaluation."""

POLL = 0.5
"""Seconds between two looks for a signal while tasks of Ray run."""

Outcomes = dict[int, Outcome] | Exception
"""What became of each job of a piece by its number, or what kept all of them from ending."""


class Local:
    """Trains one piece after another, in this process."""

    slots = 1
    """How many pieces train at a time."""

    def train(self, pieces: list[Piece]) -> Generator[tuple[Piece, Outcomes], None, None]:
        """What became of each piece, as soon as that is known."""
        for piece in pieces:
            try:
                yield piece, train_piece(piece)
            except Exception as error:  # whatever it is, it is the end of this piece alone
                yield piece, error


class Ray:
    """Trains each piece as a task of a Ray cluster, whose machines share the sweep's folder.

    Args:
        address: of the cluster; None starts Ray on this machine.

    Raises:
        UsageError: if Ray is not installed, or not at its address.
    """

    def __init__(self, address: str | None) -> None:
        try:
            import ray
        except ImportError as error:
            raise UsageError("hydra.launcher.engine=ray: is not installed; pip install 'patterngan[ray]'") from error
        self._ray: Any = ray
        if ray.is_initialized():
            return
        try:
            if address is not None:
                _require_listener(address)
            with restored_handlers():
                ray.init(address or "local", include_dashboard=None if address else False, logging_level=logging.ERROR)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise InvalidValueError("hydra.launcher.address", address, f"no Ray cluster answers ({reason})") from error

    @property
    def slots(self) -> int:
        """How many pieces train at a time: each takes a processor of the cluster."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def train(self, pieces: list[Piece]) -> Generator[tuple[Piece, Outcomes], None, None]:
        """What became of each piece, as soon as that is known."""
        waiting = {self._task(piece): piece for piece in pieces}
        try:
            while waiting:
                done = self._done(list(waiting))
                piece = waiting.pop(done)
                show(Console(), f"{len(pieces) - len(waiting)} of {len(pieces)} groups done")
                yield piece, self._outcomes(done)
        except BaseException:
            self._ray.shutdown()  # so that no worker trains or writes on after this process has ended
            raise

    def _done(self, tasks: list[Any]) -> Any:
        """Waits for the next task that is done. Signals are noted meanwhile: Ray exits if a handler raises."""
        note, done = SignalNote(), list[Any]()
        with restored_handlers():
            for number in unclaimed_signals():
                signal.signal(number, note)
            while not done:
                done, _ = self._ray.wait(tasks, num_returns=1, timeout=POLL)
                note.raise_if_caught()
        return done[0]

    def _task(self, piece: Piece) -> Any:
        accelerator = piece.jobs[0].config.trainer.accelerator
        has_gpu = self._ray.cluster_resources().get("GPU", 0) > 0
        gpus = int(accelerator in ("gpu", "cuda") or (accelerator == "auto" and has_gpu))
        return self._ray.remote(train_piece).options(max_retries=RETRIES, num_gpus=gpus).remote(piece)

    def _outcomes(self, done: Any) -> Outcomes:
        try:
            outcomes: dict[int, Outcome] = self._ray.get(done)
        except self._ray.exceptions.RayTaskError as error:
            return error.cause if isinstance(error.cause, Exception) else error
        except self._ray.exceptions.RayError as error:
            reason = str(error).splitlines()[0]
            return UsageError(f"its workers died {RETRIES + 1} times, or were lost: {reason}")
        return outcomes


Engine = Local | Ray


def _require_listener(address: str) -> None:
    # Ray itself would look for a cluster for minutes.
    host, separator, port = address.removeprefix("ray://").rpartition(":")
    if separator:
        socket.create_connection((host, int(port)), timeout=10).close()
