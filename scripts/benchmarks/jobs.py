"""The time to compose, check and group the jobs of a sweep: `python scripts/benchmarks/jobs.py`."""

import sys
import tempfile
import time
from contextlib import chdir
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.sweeps.jobs import grouped
from patterngan.sweeps.planning import Sweep, plan
from scripts.benchmarks.harness import Bar, judge
from tests.support.launcher import launcher_sweep


def planning_seconds(sweep: Sweep, count: int) -> float:
    """Returns the processor time to plan `count` jobs, of ten moduli, each with its own learning rate."""
    overrides = [
        [f"lr={1e-3 * (1 + index / count):.6f}", f"pattern.k={2 + index % 10}", f"seed={index // 10}"]
        for index in range(count)
    ]
    start = time.process_time()
    groups = grouped(plan(sweep, overrides, 0).jobs)
    assert [len(group.jobs) for group in groups] == [count]
    return time.process_time() - start


def jobs(most: int) -> None:
    """Prints the times of sweeps of up to `most` jobs, and judges the largest."""
    print("   jobs  seconds  ms a job")
    seconds = []
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        sweep = launcher_sweep("hydra.sweep.dir=sweep")
        planning_seconds(sweep, 20)  # what is imported and read once
        for count in (most // 10, most // 5, most // 2, most):
            seconds.append(planning_seconds(sweep, count))
            print(f"{count:7}{seconds[-1]:9.1f}{seconds[-1] / count * 1e3:10.2f}", flush=True)
    judge(
        [
            Bar(f"{most} jobs", seconds[-1], 120, "s"),
            Bar("a job of the most, to one of a tenth", seconds[-1] / seconds[0] / 10, 1.2, "times"),
        ]
    )


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--most", type=positive, default=10_000, help="jobs in the largest sweep (10000)")
    jobs(parser.parse_args().most)


if __name__ == "__main__":
    script(main)
