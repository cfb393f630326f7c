"""The time of a GAN step, whole program against a plain loop: `python scripts/benchmarks/step.py`.

Both train the multiples recipe on one thread, in turn.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.paths import CONF
from patterngan.runs.run import train
from scripts.benchmarks.harness import Bar, judge, microseconds
from scripts.plain_gan import train_fives

HIGHEST_RATIO = 0.40


def whole_program(steps: int) -> None:
    """Trains as `train.py` does: Lightning, curves, checkpoints, progress bar, evaluations, pictures, report page."""
    os.environ["FORCE_COLOR"] = "1"  # the progress bar is drawn
    overrides = ["experiment=multiples_of_five", f"steps={steps}"]
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(str(CONF), version_base="1.3"):
        train(compose("config", overrides), Path(folder), overrides)


def measure(steps: int, pairs: int) -> float:
    """Prints the times of each pair of runs; returns the median ratio of whole program to plain loop."""
    ratios = []
    for pair in range(1, pairs + 1):
        plain, ours = microseconds(train_fives, steps), microseconds(whole_program, steps)
        ratios.append(ours / plain)
        print(f"pair {pair}: notebook {plain:.0f} µs, whole program {ours:.0f} µs a step, ratio {ratios[-1]:.3f}")
    median = statistics.median(ratios)
    print(
        f"ratio of time per GAN step, median of {pairs} pairs of {steps} steps: "
        f"{median:.3f} (from {min(ratios):.3f} to {max(ratios):.3f})"
    )
    return median


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--steps", type=positive, default=10_000, help="GAN steps timed (10000, the recipe's)")
    parser.add_argument("--pairs", type=positive, default=5, help="pairs of runs, in turn (5)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    judge([Bar("step time, to the notebook's", measure(arguments.steps, arguments.pairs), HIGHEST_RATIO, "times")])


if __name__ == "__main__":
    script(main)
