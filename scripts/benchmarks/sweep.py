"""Populations against a plain loop, JAX and Hydra's basic launcher: `python scripts/benchmarks/sweep.py`."""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from typing_extensions import override

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.data.streams import CHUNK
from patterngan.paths import CONF
from patterngan.population.module import PopulationGAN
from patterngan.population.streams import stacked_data
from patterngan.runs.assembly import run_spec
from patterngan.runs.trainer import build_trainer
from patterngan.validation import UsageError
from scripts.benchmarks.harness import TRAIN, microseconds
from scripts.plain_gan import train_fives


class BlockTimes(pl.Callback):
    """Records when blocks of GAN steps end."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    @override
    def on_train_batch_end(self, *_: object) -> None:
        self.ends.append(time.perf_counter())


def population_microseconds(members: int, blocks: int) -> float:
    """Returns the median time of a member's step in a population, with its data and noise, in Lightning's loop."""
    overrides = ["experiment=multiples_of_five", f"steps={(blocks + 3) * CHUNK}", "evaluation.samples=1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*overrides, "evaluate_every=1000000"])
    run = run_spec(config)
    gan = PopulationGAN([run.gan(seed) for seed in range(members)])
    data, times = stacked_data([run.build_data(seed) for seed in range(members)]), BlockTimes()
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    build_trainer(config, callbacks=[times], num_sanity_val_steps=0, **quiet).fit(gan, data)
    lengths = [end - start for start, end in pairwise(times.ends)]
    return statistics.median(lengths[2:]) / CHUNK / members * 1e6  # the first blocks record the step


def jax_microseconds(members: int, blocks: int, threads: int) -> float | None:
    """Returns the same of a JAX program on as many cores; None if JAX is not installed."""
    if importlib.util.find_spec("jax") is None:
        return None
    cores = sorted(os.sched_getaffinity(0))[:threads]
    flags = "" if threads > 1 else "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    line = [sys.executable, str(Path(__file__).with_name("jax_multiples.py"))]
    line += ["--members", str(members), "--blocks", str(blocks)]
    done = subprocess.run(
        line,
        env=os.environ | {"XLA_FLAGS": flags},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def print_members(pairs: int) -> None:
    """Prints the time of a member's step by threads and members, against a plain loop and JAX."""
    print("\ntime per member and GAN step, multiples recipe, µs; medians, in turn")
    print("threads members   plain    JAX  patterngan  /plain   /JAX")
    for threads in sorted({1, torch.get_num_threads()}):
        for members in (1, 16, 256, 1024):
            print(members_line(threads, members, pairs), flush=True)


def members_line(threads: int, members: int, pairs: int) -> str:
    """Measures `pairs` rounds; returns a row of the table."""
    torch.set_num_threads(threads)
    blocks = max(4, 512 // members)
    plain, rival, ours = [], [], []
    for _ in range(pairs):
        plain.append(microseconds(train_fives, 300))
        rival.append(jax_microseconds(members, blocks, threads))
        ours.append(population_microseconds(members, blocks))
    jax = [time for time in rival if time is not None]
    jax_time = f"{statistics.median(jax):6.1f}" if jax else "     -"
    by_jax = f"{statistics.median([a / b for a, b in zip(ours, jax, strict=True)]):6.2f}" if jax else "     -"
    by_plain = statistics.median(a / b for a, b in zip(ours, plain, strict=True))
    times = f"{statistics.median(plain):7.0f} {jax_time} {statistics.median(ours):11.1f}"
    return f"{threads:7} {members:7} {times}  {by_plain:6.4f} {by_jax}"


def command_seconds(runs: int, steps: int, *overrides: str) -> tuple[float, float]:
    """Returns the wall time of a whole sweep from the command line, and its peak memory in MiB.

    Raises:
        UsageError: if the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        line = [*TRAIN, "-m", "experiment=multiples_of_five", f"steps={steps}", f"seed=range(0,{runs})"]
        line += [f"hydra.sweep.dir={folder}/sweep", *overrides]
        start = time.perf_counter()
        process = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise UsageError(f"{' '.join(line)}: exit code {process.returncode}")
        return time.perf_counter() - start, usage.ru_maxrss / 1024


def print_commands() -> None:
    """Prints the times of whole sweeps with all that they write, fused against Hydra's basic launcher."""
    print("whole commands, seconds")
    basic, fused_64 = command_seconds(64, 2000, "hydra/launcher=basic")[0], command_seconds(64, 2000)
    print(
        f"64 runs of 2000 steps: basic {basic:.0f}, fused {fused_64[0]:.1f}: {basic / fused_64[0]:.1f} times",
        flush=True,
    )
    two, eight = (command_seconds(runs, 10_000, "hydra/launcher=basic")[0] for runs in (2, 8))
    basic = eight + 248 * (eight - two) / 6
    fused_256 = command_seconds(256, 10_000)
    print(
        f"256 runs of 10000 steps: basic {basic:.0f} (from 8 runs), fused {fused_256[0]:.0f}: "
        f"{basic / fused_256[0]:.1f} times",
        flush=True,
    )
    few, many = (command_seconds(runs, 1, "evaluation.samples=1")[0] for runs in (50, 250))
    print(f"from command to finished folder, training apart: {(many - few) / 200 * 1e3:.0f} ms a run", flush=True)
    print(f"peak memory: {(fused_256[1] - fused_64[1]) / 192:.1f} MiB a member")


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--pairs", type=positive, default=3, help="rounds of measurements, in turn (3)")
    arguments = parser.parse_args()
    print_commands()  # first: a process begins with the peak memory of the one that started it
    print_members(arguments.pairs)


if __name__ == "__main__":
    script(main)
