"""The time of a member's GAN step, against JAX and against runs alone: `python scripts/benchmarks/populations.py`.

patterngan runs in Lightning's loop with its data and noise, a run alone in one thread and a population in all. JAX has
as many cores. They are timed in turn.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.data.streams import CHUNK
from patterngan.paths import CONF
from patterngan.population.module import PopulationGAN
from patterngan.population.sharding import shard_count
from patterngan.population.streams import stacked_data
from patterngan.runs.assembly import run_spec
from patterngan.validation import UsageError
from scripts.benchmarks.blocks import block_seconds
from scripts.benchmarks.harness import Bar, judge

RECIPES = {
    "binary": (),
    "onehot": ("encoding=onehot", "pattern.k=5"),
    "multiples": ("experiment=multiples_of_five",),
}
"""The recipes that JAX has too, by their names in `jax_step.py`."""

FUSED = 16
"""Members that a population of each experiment has."""


@dataclass(frozen=True)
class Cell:
    """A recipe and a number of members, and the highest ratio of patterngan's time to JAX's."""

    recipe: str
    members: int
    highest: float
    blocks: int
    """Blocks of steps that are timed."""


CELLS = (
    *(
        Cell(recipe, members, highest, blocks)
        for recipe in ("binary", "onehot")
        for members, highest, blocks in ((1, 1.0, 40), (16, 0.7, 4), (64, 0.7, 2), (256, 0.7, 2))
    ),
    Cell("multiples", 256, 0.7, 8),
)


def microseconds(overrides: tuple[str, ...], members: int, blocks: int) -> float:
    """Returns the median time of a member's step: of a run alone if there is one member, else of a population."""
    length = [f"steps={(blocks + 3) * CHUNK}", f"evaluate_every={(blocks + 3) * CHUNK}", "evaluation.samples=1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*overrides, *length])
    run, threads = run_spec(config), torch.get_num_threads()
    gans, data = [run.gan(seed) for seed in range(members)], [run.build_data(seed) for seed in range(members)]
    together = gans[0], data[0]
    if members > 1:
        together = PopulationGAN(gans, shards=shard_count(gans[0], data[0], members)), stacked_data(data)
    try:
        torch.set_num_threads(threads if members > 1 else 1)
        lengths = block_seconds(config, *together, time.perf_counter)
    finally:
        torch.set_num_threads(threads)
    return statistics.median(lengths[2:]) / CHUNK / members * 1e6  # the first blocks record the step


def jax_microseconds(cell: Cell) -> float:
    """Returns the same of a JAX program in a process of its own.

    Raises:
        UsageError: if JAX is not installed.
    """
    if importlib.util.find_spec("jax") is None:
        raise UsageError("jax is not installed: pip install -c constraints.txt -e '.[bench]'")
    cores = sorted(os.sched_getaffinity(0))[: torch.get_num_threads()]
    line = [sys.executable, str(Path(__file__).with_name("jax_step.py")), "--recipe", cell.recipe]
    line += ["--members", str(cell.members), "--blocks", str(cell.blocks)]
    done = subprocess.run(
        line, preexec_fn=lambda: os.sched_setaffinity(0, cores), capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def against_jax(rounds: int) -> list[Bar]:
    """Prints the time of a member's step in each cell; returns the ratios to JAX."""
    print("time per member and GAN step, µs, medians\nrecipe     members     JAX  patterngan")
    bars = []
    for cell in CELLS:
        overrides = RECIPES[cell.recipe]
        pairs = [(jax_microseconds(cell), microseconds(overrides, cell.members, cell.blocks)) for _ in range(rounds)]
        jax, ours = map(statistics.median, zip(*pairs, strict=True))
        print(f"{cell.recipe:10} {cell.members:7} {jax:7.0f} {ours:11.0f}", flush=True)
        ratio = statistics.median(ours / jax for jax, ours in pairs)
        bars.append(Bar(f"{cell.recipe}, {cell.members} members, to JAX", ratio, cell.highest, "times"))
    return bars


def against_runs_alone(rounds: int) -> list[Bar]:
    """Prints the time of a step alone and of a member's in a population; returns the ratios of the second to it."""
    print("\nrecipe                  alone  in a population")
    bars = []
    for file in sorted((CONF / "experiment").glob("*.yaml")):
        overrides = (f"experiment={file.stem}",)
        pairs = [(microseconds(overrides, 1, 8), microseconds(overrides, FUSED, 8)) for _ in range(rounds)]
        alone, fused = map(statistics.median, zip(*pairs, strict=True))
        print(f"{file.stem:20} {alone:8.0f} {fused:16.0f}", flush=True)
        ratio = statistics.median(fused / alone for alone, fused in pairs)
        bars.append(Bar(f"{file.stem}, to runs alone", ratio, 1, "times"))
    return bars


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--rounds", type=positive, default=5, help="measurements of each figure, in turn (5)")
    arguments = parser.parse_args()
    judge([*against_jax(arguments.rounds), *against_runs_alone(arguments.rounds)])


if __name__ == "__main__":
    script(main)
