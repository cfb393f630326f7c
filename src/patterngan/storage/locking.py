"""One process at a time trains in a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patterngan.validation import UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a folder against other processes, where it exists and its file system can lock.

    Raises:
        UsageError: if another process holds it.
    """
    if fcntl is None or not folder.is_dir():
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise UsageError(f"{folder}: another process trains here") from error
    except OSError:
        pass  # a network's file system without locks
    try:
        yield
    finally:
        os.close(descriptor)
