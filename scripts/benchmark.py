"""Measures training: its speed (`python scripts/benchmark.py step`, or `sweep` for many GANs), its `quality`,
what becomes of it when it is long or wide (`soak`, `wide`, `jobs`), and when it is killed (`faults`).
"""

import importlib.util
import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from benchmark_endurance import jobs, soak, wide
from benchmark_quality import quality
from hydra import compose, initialize_config_dir
from torch import Tensor, nn

from patterngan import CONF
from patterngan.arguments import OneLineParser, positive, seed
from patterngan.cli import script
from patterngan.data.streams import CHUNK
from patterngan.population.module import PopulationGAN
from patterngan.runs.assembly import blueprint
from patterngan.runs.run import train
from patterngan.runs.trainer import trainer
from patterngan.training.datamodule import fused
from patterngan.validation import UsageError


def notebook(steps: int) -> None:
    """The multiples recipe as a notebook writes it: integer by integer, BCELoss, Adam as it comes."""

    def one_hot(position: int, depth: int) -> Tensor:
        vector = torch.zeros((depth,))
        vector[position] = 1
        return vector

    def encode(number: int) -> Tensor:
        return torch.cat([one_hot(number // 5, 20), one_hot(number % 5, 5)])

    def batch() -> Tensor:
        numbers = [5 * index for index in random.sample(range(10), 10)]
        return torch.tensor(np.array([encode(number).numpy() for number in numbers]))

    discriminator = nn.Sequential(nn.Linear(25, 1), nn.Sigmoid())
    generator = nn.Sequential(nn.Linear(100, 25), nn.ReLU())
    loss_function = nn.BCELoss()
    discriminator_adam = torch.optim.Adam(discriminator.parameters(), lr=0.001)
    generator_adam = torch.optim.Adam(generator.parameters(), lr=0.001)
    real, fake = torch.ones((10, 1)), torch.zeros((10, 1))
    for step in range(steps):
        loss = loss_function(discriminator(batch()), real)
        discriminator_adam.zero_grad()
        loss.backward()
        discriminator_adam.step()

        loss = loss_function(discriminator(generator(torch.randn(10, 100))), fake)
        discriminator_adam.zero_grad()
        loss.backward()
        discriminator_adam.step()

        codes = generator(torch.randn(10, 100))
        loss = loss_function(discriminator(codes), real)
        generator_adam.zero_grad()
        loss.backward()
        generator_adam.step()
        if step % 100 == 0:
            print((codes[:, :20].argmax(-1) * 5 + codes[:, 20:].argmax(-1)).tolist())


def whole_program(steps: int) -> None:
    """The same work through everything a user gets: Lightning, curves, checkpoints, progress, evaluation."""
    overrides = ["experiment=multiples_of_five", f"steps={steps}"]
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(str(CONF), version_base="1.3"):
        train(compose("config", overrides), Path(folder), overrides)


def microseconds(work: Callable[[int], None], steps: int) -> float:
    """Time per GAN step. What `work` prints is drawn as in a terminal, and thrown away."""
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        work(steps)
    return (time.perf_counter() - start) / steps * 1e6


def step(steps: int, pairs: int) -> None:
    """Prints the time of a GAN step, whole program against notebook, in turn on one thread."""
    torch.set_num_threads(1)
    os.environ["FORCE_COLOR"] = "1"  # the progress bar is drawn
    ratios = []
    for pair in range(1, pairs + 1):
        plain, ours = microseconds(notebook, steps), microseconds(whole_program, steps)
        ratios.append(ours / plain)
        print(f"pair {pair}: notebook {plain:.0f} µs, whole program {ours:.0f} µs a step, ratio {ratios[-1]:.3f}")
    print(
        f"ratio of time per GAN step, median of {pairs} pairs of {steps} steps: "
        f"{statistics.median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f})"
    )


class BlockTimes(pl.Callback):
    """Notes when blocks of GAN steps end."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, *_: object) -> None:
        """See `pl.Callback.on_train_batch_end`."""
        self.ends.append(time.perf_counter())


def population_microseconds(members: int, blocks: int) -> float:
    """The median time of a member's step in a population, with its data and noise, in Lightning's loop."""
    overrides = ["experiment=multiples_of_five", f"steps={(blocks + 3) * CHUNK}", "evaluation.samples=1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*overrides, "evaluate_every=1000000"])
    described = blueprint(config)
    gan = PopulationGAN([described.gan(seed) for seed in range(members)])
    data, times = fused([described.build_data(seed) for seed in range(members)]), BlockTimes()
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    trainer(config, callbacks=[times], num_sanity_val_steps=0, **quiet).fit(gan, data)
    lengths = [end - start for start, end in pairwise(times.ends)]
    return statistics.median(lengths[2:]) / CHUNK / members * 1e6  # the first blocks record the step


def jax_microseconds(members: int, blocks: int, threads: int) -> float | None:
    """The same of a JAX program, on as many cores; None where JAX is not installed."""
    if importlib.util.find_spec("jax") is None:
        return None
    cores = sorted(os.sched_getaffinity(0))[:threads]
    flags = "" if threads > 1 else "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    line = [sys.executable, str(Path(__file__).with_name("benchmark_jax.py"))]
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


def members_table(pairs: int) -> None:
    """Prints the time of a member's step by members and threads, against a plain loop and JAX."""
    print("\ntime per member and GAN step, multiples recipe, µs; medians, in turn")
    print("threads members   plain    JAX  patterngan  /plain   /JAX")
    for threads in sorted({1, torch.get_num_threads()}):
        for members in (1, 16, 256, 1024):
            torch.set_num_threads(threads)
            blocks = max(4, 512 // members)
            rounds = [
                (
                    microseconds(notebook, 300),
                    jax_microseconds(members, blocks, threads),
                    population_microseconds(members, blocks),
                )
                for _ in range(pairs)
            ]
            plain = statistics.median(row[0] for row in rounds)
            ours = statistics.median(row[2] for row in rounds)
            rivals = [row[1] for row in rounds if row[1] is not None]
            rival = f"{statistics.median(rivals):6.1f}" if rivals else "     -"
            ratio = f"{statistics.median([row[2] / row[1] for row in rounds if row[1]]):6.2f}" if rivals else "     -"
            by_plain = statistics.median(row[2] / row[0] for row in rounds)
            print(f"{threads:7} {members:7} {plain:7.0f} {rival} {ours:11.1f}  {by_plain:6.4f} {ratio}", flush=True)


def command_seconds(runs: int, steps: int, *overrides: str) -> tuple[float, float]:
    """The wall time of a whole sweep from the command line, and its peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, str(CONF.parent / "train.py"), "-m", "experiment=multiples_of_five"]
        line += [f"steps={steps}", f"seed=range(0,{runs})", f"hydra.sweep.dir={folder}/sweep", *overrides]
        start = time.perf_counter()
        process = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise UsageError(f"{' '.join(line)}: exit code {process.returncode}")
        return time.perf_counter() - start, usage.ru_maxrss / 1024


def whole_commands() -> None:
    """Prints the time of whole sweeps, with all that they write, fused against Hydra's basic launcher."""
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
    """Parses the command line."""
    parser = OneLineParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("step", help="a GAN step against a notebook's loop")
    command.add_argument("--steps", type=positive, default=10_000, help="GAN steps timed (10000, the recipe's)")
    command.add_argument("--pairs", type=positive, default=5, help="pairs of runs, in turn (5)")
    command = commands.add_parser("sweep", help="populations against a loop, JAX and Hydra's basic launcher")
    command.add_argument("--pairs", type=positive, default=3, help="rounds of measurements, in turn (3)")
    command = commands.add_parser("quality", help="what the default recipe reaches, over seeds")
    command.add_argument("--seeds", type=positive, default=10, help="runs in a cell (10)")
    command.add_argument("--cells", nargs="+", default=[], help="only these rows of the table")
    command.add_argument("--overrides", nargs="+", default=[], help="other settings than the default recipe's")
    command.add_argument("--output", type=Path, default=Path("outputs/quality"), help="a folder (outputs/quality)")
    command = commands.add_parser("faults", help="runs and sweeps killed at random moments, against undisturbed twins")
    command.add_argument("--kills", type=positive, default=200, help="in all (200)")
    command.add_argument("--seed", type=seed, default=0, help="of the moments (0)")
    command = commands.add_parser("soak", help="memory and step time of a long run")
    command.add_argument("--steps", type=positive, default=200_000, help="GAN steps (200000)")
    command = commands.add_parser("wide", help="memory and disk of many members with many evaluations")
    command.add_argument("--members", type=positive, default=1000, help="runs of the sweep (1000)")
    command.add_argument("--evaluations", type=positive, default=50, help="of each (50)")
    command = commands.add_parser("jobs", help="time to compose, check and group the jobs of a sweep")
    command.add_argument("--most", type=positive, default=10_000, help="jobs in the largest sweep (10000)")
    arguments = parser.parse_args()
    if arguments.command == "step":
        step(arguments.steps, arguments.pairs)
    elif arguments.command == "faults":
        from benchmark_faults import faults_table  # needs a system that forks

        faults_table(arguments.kills, arguments.seed)
    elif arguments.command == "quality":
        quality(arguments.seeds, arguments.cells, arguments.overrides, arguments.output)
    elif arguments.command == "soak":
        soak(arguments.steps)
    elif arguments.command == "wide":
        wide(arguments.members, arguments.evaluations)
    elif arguments.command == "jobs":
        jobs(arguments.most)
    else:
        whole_commands()  # first: a process begins with the peak memory of the one that started it
        members_table(arguments.pairs)


if __name__ == "__main__":
    script(main)
