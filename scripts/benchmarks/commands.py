"""The time of whole commands, from typing to the prompt: `python scripts/benchmarks/commands.py`."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.validation import UsageError
from scripts.benchmarks.harness import TRAIN, Bar, judge

SWEEP = (*TRAIN, "-m", "experiment=multiples_of_five", "steps=1000", "seed=range(0,32)")

COMMANDS = {
    "import pytorch_lightning": (sys.executable, "-c", "import pytorch_lightning"),
    "train.py steps=1": (*TRAIN, "steps=1"),
    "train.py": TRAIN,
    "32 runs fused": SWEEP,
    "32 runs one by one": (*SWEEP, "hydra/launcher=basic"),
}

BARS = {
    "train.py steps=1, to the import": ("train.py steps=1", "import pytorch_lightning", 1.2),
    "train.py, to train.py steps=1": ("train.py", "train.py steps=1", 1.6),
    "train.py, to the import": ("train.py", "import pytorch_lightning", 1.2 * 1.6),
    "32 runs fused, to one by one": ("32 runs fused", "32 runs one by one", 0.2),
}
"""A command, the one that it is compared with, and the highest ratio of their times."""


def seconds(line: tuple[str, ...]) -> float:
    """Returns the wall time of a command in an empty folder.

    Raises:
        UsageError: if the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True)
        ended = time.perf_counter()
    if done.returncode:
        raise UsageError(f"{' '.join(line)}: exit code {done.returncode}: {done.stderr[-500:]}")
    return ended - start


def measure(rounds: int) -> list[Bar]:
    """Runs the commands in turn, prints their median times, and returns the median ratios of a round's times."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, line in COMMANDS.items():
            times[name].append(seconds(line))
    print(f"seconds, medians of {rounds} (from, to)")
    for name, some in times.items():
        print(f"{name:36}{statistics.median(some):10.1f}  ({min(some):.1f}, {max(some):.1f})")
    return [
        Bar(name, _ratio(times[one], times[other]), highest, "times") for name, (one, other, highest) in BARS.items()
    ]


def _ratio(some: list[float], others: list[float]) -> float:
    """The median ratio of the times of each round."""
    return statistics.median(one / other for one, other in zip(some, others, strict=True))


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--rounds", type=positive, default=5, help="rounds of commands, in turn (5)")
    judge(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    script(main)
