"""Measures the speed of training: `python scripts/benchmark.py step`."""

import io
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from torch import Tensor, nn

from patterngan import CONF
from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.training import train


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


def main() -> None:
    """Parses the command line."""
    parser = OneLineParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("step", help="a GAN step against a notebook's loop")
    command.add_argument("--steps", type=positive, default=10_000, help="GAN steps timed (10000, the recipe's)")
    command.add_argument("--pairs", type=positive, default=5, help="pairs of runs, in turn (5)")
    arguments = parser.parse_args()
    step(arguments.steps, arguments.pairs)


if __name__ == "__main__":
    script(main)
