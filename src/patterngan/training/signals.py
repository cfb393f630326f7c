"""Ctrl-C and SIGTERM, with which clusters pre-empt, as the ends of a process. Imports nothing heavy."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""What stops a run."""


class StoppedError(SystemExit):
    """A signal ends the process, with 128 and its number as the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


def stop_at_once(number: int, frame: object) -> NoReturn:
    """A handler that lets SIGTERM end a process as Ctrl-C does: files are closed, and half of one is taken away."""
    raise StoppedError(number)


class Note:
    """A handler that notes the first signal, for who can stop later, and stops at the second."""

    def __init__(self) -> None:
        self.caught: int | None = None

    def __call__(self, number: int, frame: object) -> None:
        """See `signal.signal`."""
        if self.caught is not None:
            raise StoppedError(number)
        self.caught = number

    def raise_if_caught(self) -> None:
        """Stops, if a signal came.

        Raises:
            StoppedError: then.
        """
        if self.caught is not None:
            raise StoppedError(self.caught)


@contextmanager
def own_handlers() -> Iterator[None]:
    """Around what sets handlers: afterwards the signals have those of before."""
    before = {number: signal.getsignal(number) for number in STOPPING}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


def unclaimed() -> list[signal.Signals]:
    """The stopping signals that no one else handles, such as a cluster's own launcher; none outside the main thread."""
    if threading.current_thread() is not threading.main_thread():  # the only one that may have handlers
        return []
    defaults = (signal.SIG_DFL, signal.default_int_handler, stop_at_once)
    return [number for number in STOPPING if signal.getsignal(number) in defaults]
