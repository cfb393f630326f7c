"""Processes that start at once: forked from a server that has imported everything.

A cold `python train.py` spends its first seconds importing torch and Lightning. A `Script` is the same script in its
own process, with its own signals, exit code, folder and output.
"""

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

PRELOADED = [
    "patterngan.sweeps.launching",
    "patterngan.reporting.run",
    "patterngan.reporting.pictures",
    "torch.utils.tensorboard",
]
"""Modules that the server imports, with all that they import in turn."""

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(PRELOADED)


class Script:
    """A running `python SCRIPT ARGUMENTS`.

    Args:
        script: its path below the project's folder.
        arguments: of its command line.
        folder: the working directory.
        environment: all of its variables.
    """

    def __init__(self, script: str, arguments: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.line = [str(ROOT / script), *arguments]
        with tempfile.NamedTemporaryFile(delete=False) as out, tempfile.NamedTemporaryFile(delete=False) as err:
            self._files = Path(out.name), Path(err.name)
        self._process = _server.Process(
            target=_run, args=(self.line, str(folder), dict(environment), [str(file) for file in self._files])
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def out(self) -> str:
        """Its standard output so far."""
        return self._files[0].read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal, unless it has ended."""
        if self.is_running:
            os.kill(self.pid, number)

    def until(self, words: str, timeout: float = 60) -> str:
        """Waits until it has printed `words` or ended; returns all that it has printed.

        Raises:
            TimeoutError: if it prints something else.
        """
        deadline = time.monotonic() + timeout
        while words not in self.out and self.is_running:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words!r} not in {self.out!r}")
            time.sleep(0.002)
        return self.out

    def ended(self, timeout: float = 200) -> subprocess.CompletedProcess[str]:
        """Waits for its end; returns its exit code and output. A process that hangs is killed.

        Raises:
            subprocess.TimeoutExpired: if it hangs.
        """
        self._process.join(timeout)
        if hangs := self.is_running:
            self._process.kill()
            self._process.join()
        out, err = (file.read_text(errors="replace") for file in self._files)
        for file in self._files:
            file.unlink()
        if hangs:
            raise subprocess.TimeoutExpired(self.line, timeout, out, err)
        code = self._process.exitcode
        assert code is not None
        return subprocess.CompletedProcess(self.line, code, out, err)


def _run(line: list[str], folder: str, environment: dict[str, str], files: list[str]) -> None:
    """Runs the script, in the new process."""
    for descriptor, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY), descriptor)
    sys.stdout, sys.stderr = (os.fdopen(descriptor, "w", buffering=1, closefd=False) for descriptor in (1, 2))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv[:] = line
    packages = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [str(Path(line[0]).parent), *filter(None, packages)]
    try:
        runpy.run_path(line[0], run_name="__main__")
    except Exception:  # as the interpreter ends a script
        traceback.print_exc()
        sys.exit(1)
    finally:
        atexit._run_exitfuncs()
