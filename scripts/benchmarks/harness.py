"""What the benchmarks share: bars that a figure must stay below, timing, and commands whose memory is watched."""

import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import psutil

from patterngan.validation import UsageError

ROOT = Path(__file__).parents[2]
TRAIN = (sys.executable, str(ROOT / "train.py"))
"""The start of a training command."""

INTERVAL = 0.5
"""Seconds between two readings of a process's memory."""


@dataclass(frozen=True)
class Bar:
    """A measured figure, and the highest that it may be."""

    name: str
    measured: float
    highest: float
    unit: str

    @property
    def is_reached(self) -> bool:
        """Whether the figure is no higher than the bar."""
        return self.measured <= self.highest

    def line(self) -> str:
        """Returns a row of the printed table."""
        verdict = "reached" if self.is_reached else "missed"
        return f"{self.name:36}{self.measured:10.3f}{self.highest:8g} {self.unit:6}{verdict}"


def judge(bars: list[Bar]) -> None:
    """Prints the figures beside their bars, and exits with 1 if one is missed."""
    print(f"{'':36}{'found':>10}{'bar':>8}")
    print("\n".join(bar.line() for bar in bars))
    if not all(bar.is_reached for bar in bars):
        sys.exit(1)


def microseconds(train: Callable[[int], object], steps: int) -> float:
    """Returns the time per GAN step of `train(steps)`. What it prints is formatted as in a terminal, then dropped."""
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        train(steps)
    return (time.perf_counter() - start) / steps * 1e6


class Watched:
    """Runs `python train.py ARGUMENTS` in an empty folder, and reads the memory of all its processes until it ends.

    Raises:
        UsageError: if the command fails.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        line = [*TRAIN, *arguments]
        start = time.perf_counter()
        with (folder / "printed").open("w") as printed:
            self.process = subprocess.Popen(line, cwd=folder, stdout=printed, stderr=subprocess.STDOUT)
            self.memory: list[tuple[float, int]] = []
            """Pairs of a time and the resident bytes at that time."""
            watcher = threading.Thread(target=self._watch)
            watcher.start()
            code = self.process.wait()
            watcher.join()
        self.seconds = time.perf_counter() - start
        if code:
            raise UsageError(f"{' '.join(line)}: exit code {code}: {(folder / 'printed').read_text()[-500:]}")

    def _watch(self) -> None:
        while self.process.returncode is None:
            self.memory.append((time.time(), resident_bytes(self.process.pid)))
            time.sleep(INTERVAL)

    @property
    def peak(self) -> int:
        """The highest number of resident bytes."""
        return max(held for _, held in self.memory)


def resident_bytes(pid: int) -> int:
    """Returns the resident memory of a process and its descendants; 0 if it has ended."""
    try:
        process = psutil.Process(pid)
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0
