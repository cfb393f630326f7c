"""Disks that become full, and actions just before a file is written."""

import contextlib
import errno
import io
import os
import re
import resource
import shutil
import subprocess


class Mounted:
    """A file system of two megabytes."""

    message = "No space left on device"

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        with (self.folder / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def clear(self):
        (self.folder / "ballast").unlink(missing_ok=True)


class Limited:
    """A limit to the size of this process's files, which fails at the same places as a full disk."""

    message = "File too large"

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def clear(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def mount(folder):
    line = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    return shutil.which("mount") is not None and subprocess.run(line, capture_output=True).returncode == 0


class Writes:
    """Calls actions just before files are opened for writing; replaces `io.open` (of pathlib) and `os.open`."""

    def __init__(self):
        self._io_open, self._os_open = io.open, os.open
        self._waiting = []

    def before(self, pattern, count, action):
        """Calls `action` before a file whose path matches `pattern` is opened for the nth time."""
        self._waiting.append((re.compile(pattern), iter(range(1, count)), action))

    def refuse(self):
        """An action: from now on every file is on a read-only disk."""
        self.before("", 1, self.refuse)
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def clear(self):
        self._waiting.clear()

    def io_open(self, file, mode="r", *arguments, **named):
        if set(mode) & set("wax+"):
            self._act(str(file))
        return self._io_open(file, mode, *arguments, **named)

    def os_open(self, path, flags, *arguments, **named):
        if flags & (os.O_WRONLY | os.O_RDWR):
            self._act(str(path))
        return self._os_open(path, flags, *arguments, **named)

    def _act(self, path):
        for waiting in self._waiting[:]:
            pattern, left, action = waiting
            if pattern.search(path) and next(left, None) is None:
                self._waiting.remove(waiting)
                action()
