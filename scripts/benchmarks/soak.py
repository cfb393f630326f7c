"""Whether a long run's memory and step time stay as they were: `python scripts/benchmarks/soak.py`."""

import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from scripts.benchmarks.harness import Bar, Watched, judge


def evaluation_times(log: Path) -> Iterator[float]:
    """The times of a run's evaluations, read from its log."""
    for stamp in re.findall(r"^\[([\d-]+ [\d:]+,\d+)\] step ", log.read_text(), re.MULTILINE):
        yield datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S,%f").timestamp()


def drift(memory: list[tuple[float, int]], times: list[float]) -> tuple[float, float]:
    """Returns two ratios of late to early in a run: of memory, and of the median time between two evaluations."""

    def held(first: float, last: float) -> float:
        span = times[-1] - times[0]
        start, stop = times[0] + first * span, times[0] + last * span
        return statistics.median(rss for when, rss in memory if start <= when <= stop)

    lengths = [after - before for before, after in pairwise(times)]
    fifth = len(lengths) // 5
    early, late = statistics.median(lengths[:fifth]), statistics.median(lengths[-fifth:])
    return held(0.9, 1) / held(0.1, 0.2), late / early


def soak(steps: int) -> None:
    """Trains one long run and judges its drift. The first tenth is left out: memory grows while a run starts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = ["experiment=multiples_of_five", f"steps={steps}", f"evaluate_every={max(steps // 800, 50)}"]
        watched = Watched(folder, *recipe, "hydra.run.dir=run")
        times = list(evaluation_times(folder / "run" / "train.log"))
    print(f"{steps} steps, {len(times)} evaluations, {watched.seconds:.0f} s, peak {watched.peak / 2**20:.0f} MiB")
    growth, slowing = drift(watched.memory, times)
    judge(
        [
            Bar("memory, last tenth to second", growth, 1.05, "times"),
            Bar("step time, last fifth to first", slowing, 1.1, "times"),
        ]
    )


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--steps", type=positive, default=200_000, help="GAN steps (200000)")
    soak(parser.parse_args().steps)


if __name__ == "__main__":
    script(main)
