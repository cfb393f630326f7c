"""Whole sweeps, fused against Hydra's basic launcher: `python scripts/benchmarks/sweep.py`."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser
from patterngan.cli import script
from patterngan.validation import UsageError
from scripts.benchmarks.harness import TRAIN, Bar, judge

MULTIPLES = "experiment=multiples_of_five"
BASIC = "hydra/launcher=basic"


def command_seconds(runs: int, steps: int, *overrides: str) -> tuple[float, float]:
    """Returns the wall time of a whole sweep from the command line, and its peak memory in MiB.

    Raises:
        UsageError: if the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        line = [*TRAIN, "-m", f"steps={steps}", f"seed=range(0,{runs})", f"hydra.sweep.dir={folder}/sweep", *overrides]
        start = time.perf_counter()
        process = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise UsageError(f"{' '.join(line)}: exit code {process.returncode}")
        return time.perf_counter() - start, usage.ru_maxrss / 1024


def print_multiples() -> None:
    """Prints the times of whole sweeps of the multiples recipe with all that they write."""
    basic, fused_64 = command_seconds(64, 2000, MULTIPLES, BASIC)[0], command_seconds(64, 2000, MULTIPLES)
    print(
        f"64 runs of 2000 steps: basic {basic:.0f}, fused {fused_64[0]:.1f}: {basic / fused_64[0]:.1f} times",
        flush=True,
    )
    two, eight = (command_seconds(runs, 10_000, MULTIPLES, BASIC)[0] for runs in (2, 8))
    basic = eight + 248 * (eight - two) / 6
    fused_256 = command_seconds(256, 10_000, MULTIPLES)
    print(
        f"256 runs of 10000 steps: basic {basic:.0f} (from 8 runs), fused {fused_256[0]:.0f}: "
        f"{basic / fused_256[0]:.1f} times",
        flush=True,
    )
    few, many = (command_seconds(runs, 1, MULTIPLES, "evaluation.samples=1")[0] for runs in (50, 250))
    print(f"from command to finished folder, training apart: {(many - few) / 200 * 1e3:.0f} ms a run", flush=True)
    print(f"peak memory: {(fused_256[1] - fused_64[1]) / 192:.1f} MiB a member")


def default_bar() -> Bar:
    """Returns the time of sixteen fused default runs, to that of the same one by one."""
    fused, basic = command_seconds(16, 1000)[0], command_seconds(16, 1000, BASIC)[0]
    print(f"16 default runs of 1000 steps: basic {basic:.0f}, fused {fused:.1f}: {basic / fused:.1f} times")
    return Bar("16 default runs, to one by one", fused / basic, 0.25, "times")


def main() -> None:
    """Parses the command line, then measures."""
    OneLineParser(description=__doc__).parse_args()
    print("whole commands, seconds")
    print_multiples()
    judge([default_bar()])


if __name__ == "__main__":
    script(main)
