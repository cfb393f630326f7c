"""Time and memory of a GAN step by size of code and batch, default recipe: `python scripts/benchmarks/scale.py`."""

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
import torch
from hydra import compose, initialize_config_dir

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.data.streams import CHUNK
from patterngan.paths import CONF
from patterngan.runs.assembly import run_spec
from patterngan.training.datamodule import PatternData
from patterngan.training.module import GAN
from scripts.benchmarks.blocks import block_seconds

BITS = (7, 10, 14, 20, 40)
ONEHOTS = (100, 1000, 10_000)
BATCHES = (256, 2048, 16384)

BLOCKS = 5
"""Blocks of steps that are trained. The first two record the step, the others are timed."""

MOST = 8 * 2**30
"""Bytes that a run may need; where it needs more, the table says how many."""


class Cost(NamedTuple):
    """What a GAN step costs."""

    numbers: int
    """Entries of the codes in a batch: the work."""
    needed: int
    """The bytes that a run needs, as patterngan estimates them."""
    seconds: float | None = None
    """None where the run was not trained."""
    bytes: int = 0
    """The peak of the process, above what it held before the run was built."""

    def line(self) -> str:
        """Returns the last columns of a row of the table."""
        if self.seconds is None:
            return f"  needs {self.needed / 2**30:.0f} GiB"
        nanoseconds, size = self.seconds / self.numbers * 1e9, self.bytes / self.numbers
        return f"{self.seconds * 1e3:10.2f}{nanoseconds:10.1f}{self.bytes / 2**20:10.0f}{size:10.0f}"


def step_cost(overrides: Sequence[str]) -> Cost:
    """Trains a few steps of a run on one thread, in Lightning's loop; returns what one of them costs.

    The time is the processor's: on a machine that others use it is much the same.
    """
    torch.set_num_threads(1)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", list(overrides))
    before, run = psutil.Process().memory_info().rss, run_spec(config)
    numbers, needed = config.batch_size * run.encoding.width, run.demand.weights + run.demand.steps
    if needed > MOST:
        return Cost(numbers, needed)
    gan, data = run.gan(seed=0), run.build_data(seed=0)
    blocks = block_seconds(config, gan, data, time.process_time)
    seconds = statistics.median(blocks[1:]) / (config.steps / BLOCKS) + draw_seconds(gan, data) / CHUNK
    return Cost(numbers, needed, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)


def draw_seconds(gan: GAN, data: PatternData) -> float:
    """Returns the processor time to draw what the next `CHUNK` steps read, which the steps that were timed did not."""
    start = time.process_time()
    for stream in (data.stream, *gan.streams.values()):
        stream.read(CHUNK, CHUNK + 1, gan.device)
    return time.process_time() - start


def rows(codes: dict[str, list[str]], batches: Sequence[int]) -> Iterator[str]:
    """Measures each code with each batch, in a process of its own; returns the rows of the table."""
    context = multiprocessing.get_context("forkserver")  # its processes begin small, with everything imported
    context.set_forkserver_preload(["scripts.benchmarks.scale"])
    for name, overrides in codes.items():
        for batch in batches:
            block = max(1, 2560 // batch)  # where a step takes a millisecond, Lightning's part of it is a tenth of that
            length = [f"batch_size={batch}", f"steps={BLOCKS * block}", f"+trainer.log_every_n_steps={block}"]
            with context.Pool(1) as pool:
                cost = pool.apply(step_cost, ([*overrides, *length, "evaluate_every=1000", "evaluation.samples=1"],))
            yield f"{name:14}{batch:6}{cost.line()}"


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--batch", type=positive, nargs="+", default=BATCHES, help="sizes of a batch (256 2048 16384)")
    codes = {f"{bits} bits": [f"encoding.capacity={2**bits}"] for bits in BITS}
    onehot = ["encoding=onehot", "pattern.k=5"]
    codes |= {f"onehot {capacity}": [*onehot, f"encoding.capacity={capacity}"] for capacity in ONEHOTS}
    print("code           batch   ms/step ns/number       MiB  B/number")
    for line in rows(codes, parser.parse_args().batch):
        print(line, flush=True)


if __name__ == "__main__":
    script(main)
