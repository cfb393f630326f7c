"""The log of a run, as conf/ names it for Python's logging."""

import logging
from pathlib import Path

from patterngan.storage.files import append
from patterngan.validation import legible


class LogFile(logging.Handler):
    """Adds each record to a file as a whole.

    What Python's own cannot write it tells with a traceback, and goes on. Here it is the run's error.

    Args:
        filename: made with the first record.
    """

    def __init__(self, filename: str) -> None:
        super().__init__()
        self.path = Path(filename)

    def emit(self, record: logging.LogRecord) -> None:
        """Adds a record."""
        append(self.path, f"{legible(self.format(record))}\n".encode())
