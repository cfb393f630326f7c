"""Writing files whole or not at all, locking a folder, and errors that name the file."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from patterngan.validation import UsageError

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""Error numbers of a disk that takes no more data."""

LOCK = ".lock"
"""Name of the lock file in a folder."""


def is_disk_error(error: BaseException, folder: Path) -> bool:
    """Whether `error` says that the disk is full, or that a file in `folder` cannot be read or written."""
    if not isinstance(error, OSError):
        return False
    name = error.filename if isinstance(error.filename, str) else None
    return error.errno in DISK_ERRORS or (name is not None and Path(name).absolute().is_relative_to(folder.absolute()))


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Adds the path to an OSError of the body: errors of an open file do not name it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Locks an existing folder against other processes; a folder that does not exist needs no lock.

    Raises:
        UsageError: if another process holds the lock.
    """
    if not folder.is_dir():
        yield
        return
    with naming(folder / LOCK):
        (folder / LOCK).touch()  # filelock takes a folder that it cannot write for one that is locked
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise UsageError(f"{folder}: another process trains here") from error
    try:
        yield
    finally:
        lock.release()


def append(path: Path, content: bytes, new: bool) -> None:
    """Appends all of `content` to a new file or to an existing one; where there is no room, nothing.

    Raises:
        OSError: naming `path`, also where a new file exists already or an existing one does not.
    """
    with naming(path), path.open("xb" if new else "r+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        try:
            while content:  # a disk that is nearly full takes a part
                content = content[file.write(content) :]
        except OSError:
            file.truncate(size)
            raise


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file whole or, on any error, leaves what was there before.

    Creates the file's folder but not the folder's parent, so that a deleted run folder does not come back empty.

    Raises:
        OSError: naming `path`.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with naming(path):
        path.parent.mkdir(exist_ok=True)
        try:
            temporary.unlink(missing_ok=True)
            with temporary.open("xb") as file:  # never through a link that a stranger's folder holds
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def remove_temporary_files(folder: Path) -> None:
    """Deletes the temporary files that a killed `write_atomically` left in a folder."""
    for file in folder.glob(".*.tmp"):
        file.unlink(missing_ok=True)


def read_yaml(path: Path) -> Any:
    """The plain values of a YAML file.

    Raises:
        ValueError: if it is not YAML of plain values.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path}: is not YAML of plain values") from error
