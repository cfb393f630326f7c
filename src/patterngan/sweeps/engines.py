"""Where populations train: in this process, or as tasks of a Ray cluster."""

import logging
import socket
from typing import Any, Protocol

from rich.console import Console

from patterngan.sweeps.populations import Outcome, Piece, train_piece
from patterngan.terminal import show
from patterngan.validation import InvalidValueError, UsageError

RETRIES = 5
"""How often a piece is tried again after the worker that trained it died. It goes on from its last evaluation."""


class Engine(Protocol):
    """Trains pieces of a sweep."""

    @property
    def slots(self) -> int:
        """How many pieces train at a time."""
        ...

    def train(self, pieces: list[Piece]) -> dict[int, Outcome]:
        """What became of each job, by its number."""
        ...


def engine(name: str, address: str | None) -> Engine:
    """The engine that `hydra.launcher.engine` names.

    Raises:
        UsageError: if Ray is not installed, or not at its address.
    """
    return Local() if name == "local" else Ray(address)


class Local:
    """One piece after another, in this process."""

    slots = 1

    def train(self, pieces: list[Piece]) -> dict[int, Outcome]:
        """See `Engine.train`."""
        outcomes: dict[int, Outcome] = {}
        for piece in pieces:
            outcomes |= train_piece(piece)
        return outcomes


class Ray:
    """Each piece a task of a Ray cluster, whose machines share the sweep's folder.

    Args:
        address: of the cluster; None starts Ray on this machine.
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
            ray.init(address or "local", include_dashboard=None if address else False, logging_level=logging.ERROR)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise InvalidValueError("hydra.launcher.address", address, f"no Ray cluster answers ({reason})") from error

    @property
    def slots(self) -> int:
        """The cluster's processors: each piece takes one."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def train(self, pieces: list[Piece]) -> dict[int, Outcome]:
        """See `Engine.train`.

        Raises:
            UsageError: if the workers of a piece died more than `RETRIES` times.
        """
        waiting = {self._task(piece): piece for piece in pieces}
        outcomes: dict[int, Outcome] = {}
        try:
            while waiting:
                (done,), _ = self._ray.wait(list(waiting), num_returns=1)
                outcomes |= self._result(done, waiting.pop(done))
                show(Console(), f"{len(pieces) - len(waiting)} of {len(pieces)} groups done")
        except BaseException:
            self._ray.shutdown()  # nothing is trained, and no file written, behind the back of who comes next
            raise
        return outcomes

    def _task(self, piece: Piece) -> Any:
        needs_gpu = piece.jobs[0].config.trainer.accelerator in ("gpu", "cuda")
        return self._ray.remote(train_piece).options(max_retries=RETRIES, num_gpus=int(needs_gpu)).remote(piece)

    def _result(self, done: Any, piece: Piece) -> dict[int, Outcome]:
        try:
            outcomes: dict[int, Outcome] = self._ray.get(done)
        except self._ray.exceptions.WorkerCrashedError as error:
            raise UsageError(f"{piece.name}: its workers died {RETRIES + 1} times") from error
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        return outcomes


def _require_listener(address: str) -> None:
    # Ray itself would look for a cluster for minutes.
    host, separator, port = address.removeprefix("ray://").rpartition(":")
    if separator:
        socket.create_connection((host, int(port)), timeout=10).close()
