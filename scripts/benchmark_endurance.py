"""Long runs and wide sweeps: `python scripts/benchmark.py soak`, `wide` and `jobs` run these."""

import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import psutil
from hydra import version
from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import HydraContext, RunMode
from omegaconf import open_dict

from patterngan import CONF
from patterngan.sweeps.jobs import grouped
from patterngan.sweeps.launching import Sweep, plan
from patterngan.validation import UsageError

EVERY = 0.5
"""Seconds between looks at a process's memory."""


@dataclass(frozen=True)
class Bar:
    """A figure, and the highest that it may be."""

    name: str
    found: float
    highest: float
    unit: str

    def line(self) -> str:
        """A row of the printed table."""
        verdict = "reached" if self.found <= self.highest else "missed"
        return f"{self.name:36}{self.found:10.3f}{self.highest:8g} {self.unit:6}{verdict}"


def judge(bars: list[Bar]) -> None:
    """Prints what was found beside its bars, and exits with 1 where one is missed."""
    print(f"{'':36}{'found':>10}{'bar':>8}")
    print("\n".join(bar.line() for bar in bars))
    if any(bar.found > bar.highest for bar in bars):
        sys.exit(1)


class Watched:
    """`python train.py ARGUMENTS` in an empty folder, and the memory of all its processes until it ended.

    Raises:
        UsageError: if it failed.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        line = [sys.executable, str(CONF.parent / "train.py"), *arguments]
        start = time.perf_counter()
        with (folder / "printed").open("w") as printed:
            self.process = subprocess.Popen(line, cwd=folder, stdout=printed, stderr=subprocess.STDOUT)
            self.memory: list[tuple[float, int]] = []
            """When, and how many bytes were resident."""
            watcher = threading.Thread(target=self._watch)
            watcher.start()
            code = self.process.wait()
            watcher.join()
        self.seconds = time.perf_counter() - start
        if code:
            raise UsageError(f"{' '.join(line)}: exit code {code}: {(folder / 'printed').read_text()[-500:]}")

    def _watch(self) -> None:
        while self.process.returncode is None:
            self.memory.append((time.time(), resident(self.process.pid)))
            time.sleep(EVERY)

    @property
    def peak(self) -> int:
        """The most bytes that were resident."""
        return max(held for _, held in self.memory)


def resident(pid: int) -> int:
    """The bytes that a process and those that it started hold; 0 where it has ended."""
    try:
        process = psutil.Process(pid)
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def evaluations(log: Path) -> Iterator[float]:
    """When the evaluations of a run were, by its log."""
    for stamp in re.findall(r"^\[([\d-]+ [\d:]+,\d+)\] step ", log.read_text(), re.MULTILINE):
        yield datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S,%f").timestamp()


def soak(steps: int) -> None:
    """Prints whether a long run's memory and step time stay as they were after its first tenth."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = ["experiment=multiples_of_five", f"steps={steps}", f"evaluate_every={max(steps // 800, 50)}"]
        watched = Watched(folder, *recipe, "hydra.run.dir=run")
        times = list(evaluations(folder / "run" / "train.log"))
    print(f"{steps} steps, {len(times)} evaluations, {watched.seconds:.0f} s, peak {watched.peak / 2**20:.0f} MiB")
    growth, slowing = drift(watched.memory, times)
    judge(
        [
            Bar("memory, last tenth to second", growth, 1.05, "times"),
            Bar("step time, last fifth to first", slowing, 1.1, "times"),
        ]
    )


def drift(memory: list[tuple[float, int]], times: list[float]) -> tuple[float, float]:
    """Late in a run against early: its memory, and the median time from one evaluation to the next."""

    def held(first: float, last: float) -> float:
        span = times[-1] - times[0]
        start, stop = times[0] + first * span, times[0] + last * span
        return statistics.median(rss for when, rss in memory if start <= when <= stop)

    lengths = [after - before for before, after in pairwise(times)]
    fifth = len(lengths) // 5
    early, late = statistics.median(lengths[:fifth]), statistics.median(lengths[-fifth:])
    return held(0.9, 1) / held(0.1, 0.2), late / early


def wide(members: int, rounds: int) -> None:
    """Prints the memory and the disk that many members with many evaluations take, as one fused sweep."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = ["experiment=multiples_of_five", f"steps={50 * rounds}", "evaluate_every=50"]
        watched = Watched(folder, "-m", *recipe, f"seed=range(0,{members})", "hydra.sweep.dir=sweep")
        disk = sum(file.stat().st_blocks * 512 for file in folder.rglob("*"))
    print(f"{members} members, {rounds} evaluations each, {watched.seconds:.0f} s, {disk / 2**20:.0f} MiB of disk")
    judge([Bar("peak memory of all processes", watched.peak / 2**30, 4, "GiB")])


def jobs(most: int) -> None:
    """Prints how long it takes to compose, check and group the jobs of sweeps of up to `most`."""
    print("   jobs  seconds  ms a job")
    seconds = []
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        sweep = unlaunched()
        planned(sweep, 20)  # what is imported and read once
        for count in (most // 10, most // 5, most // 2, most):
            seconds.append(planned(sweep, count))
            print(f"{count:7}{seconds[-1]:9.1f}{seconds[-1] / count * 1e3:10.2f}", flush=True)
    judge(
        [
            Bar(f"{most} jobs", seconds[-1], 120, "s"),
            Bar("a job of the most, to one of a tenth", seconds[-1] / seconds[0] / 10, 1.2, "times"),
        ]
    )


def planned(sweep: Sweep, count: int) -> float:
    """Seconds of one processor to plan so many jobs, of ten moduli, each with a learning rate of its own."""
    overrides = [
        [f"lr={1e-3 * (1 + index / count):.6f}", f"pattern.k={2 + index % 10}", f"seed={index // 10}"]
        for index in range(count)
    ]
    start = time.process_time()
    groups = grouped(plan(sweep, overrides, 0).jobs)
    assert [len(group.jobs) for group in groups] == [count]
    return time.process_time() - start


def unlaunched() -> Sweep:
    """The default run's sweep, as Hydra hands it to the launcher."""
    version.setbase("1.3")  # as train.py does
    setup_globals()
    GlobalHydra.instance().clear()
    hydra = Hydra.create_main_hydra2("train", create_config_search_path(str(CONF)))
    master = hydra.compose_config("config", ["hydra.sweep.dir=sweep"], RunMode.MULTIRUN, with_log_configuration=False)
    with open_dict(master.hydra):
        master.hydra.job.name = "train"
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(master))
    return Sweep(context, lambda config: None, master)
