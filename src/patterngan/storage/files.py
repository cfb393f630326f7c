"""Writing to files that grow: all of what is added or nothing, and errors that say which file they are about."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""What the system says of a disk that does not take more."""


def of_disk(error: BaseException, folder: Path) -> bool:
    """Whether an error is that a folder's disk takes no more, or that a file in the folder cannot be had."""
    if not isinstance(error, OSError):
        return False
    name = error.filename if isinstance(error.filename, str) else None
    return error.errno in FULL or (name is not None and Path(name).absolute().is_relative_to(folder.absolute()))


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Lets errors of the system say what could not be written: those of a file that is open already do not.

    Raises:
        OSError: naming `path`.
    """
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def append(path: Path, content: bytes, flags: int = os.O_CREAT) -> None:
    """Adds all of `content` to a file or, where there is no room, nothing. Links, a stranger's maybe, are not followed.

    Args:
        path: of the file.
        content: what to add.
        flags: os.O_CREAT makes the file where there is none, with os.O_EXCL it must be new, 0 needs it to be there.

    Raises:
        OSError: naming `path`.
    """
    flags |= os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with naming(path):
        descriptor = os.open(path, flags, 0o666)
        try:
            _add(descriptor, memoryview(content))
        finally:
            os.close(descriptor)


def _add(descriptor: int, content: memoryview) -> None:
    before = os.fstat(descriptor).st_size
    try:
        while content:
            content = content[os.write(descriptor, content) :]
    except OSError:
        os.ftruncate(descriptor, before)
        raise
