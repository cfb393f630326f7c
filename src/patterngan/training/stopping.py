"""Ctrl-C and SIGTERM, which clusters send before they stop a job. Imports nothing heavy: the command line needs it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""The signals that stop a run."""


class StoppedError(SystemExit):
    """A signal ends the process; the exit code is 128 plus the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


class StoppedBetweenBlocksError(StoppedError):
    """Training stopped where no step is half done: callbacks may write a checkpoint in `on_exception`."""


def stop_at_once(number: int, frame: object) -> NoReturn:
    """A signal handler that raises `StoppedError`, so that files are closed and temporary ones removed."""
    raise StoppedError(number)


class SignalNote:
    """A signal handler that notes the first signal and raises `StoppedError` at the second."""

    def __init__(self) -> None:
        self.caught: int | None = None

    def __call__(self, number: int, frame: object) -> None:
        """Handles a signal, as `signal.signal` asks for."""
        if self.caught is not None:
            raise StoppedError(number)
        self.caught = number

    def raise_if_caught(self) -> None:
        """Raises `StoppedError` if a signal was noted."""
        if self.caught is not None:
            raise StoppedError(self.caught)


@contextmanager
def restored_handlers() -> Iterator[None]:
    """Restores the signal handlers when the body ends."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


def unclaimed_signals() -> list[signal.Signals]:
    """The signals of `SIGNALS` that nobody else handles, such as a cluster's launcher; none outside the main thread."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        return []
    defaults = (signal.SIG_DFL, signal.default_int_handler, stop_at_once)
    return [number for number in SIGNALS if signal.getsignal(number) in defaults]


def exit_code(error: BaseException) -> int:
    """The exit code of an exception that ended training. Lightning wraps KeyboardInterrupt and SIGTERM."""
    from pytorch_lightning.utilities.exceptions import SIGTERMException

    if isinstance(error, SIGTERMException):
        return 128 + signal.SIGTERM
    if isinstance(error, KeyboardInterrupt) or isinstance(error.__context__, KeyboardInterrupt):
        return 128 + signal.SIGINT
    return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1
