"""Commands that are killed at random moments and started again with what they printed, until they end."""

import itertools
import os
import random
import re
import shlex
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.differences import differences
from tests.support.processes import Script

PICTURED = ("evaluate_every=100", "evaluation.samples=200")
SMALL = (*PICTURED, "~callbacks.pictures")

CASES = {
    "run": ("steps=600", "experiment=plain", "update.ema=0.9", "discriminator.spectral_norm=true", *PICTURED),
    "sweep": ("-m", "steps=600", "experiment=plain", "lr=1e-3,1e-2,1e38", "seed=1,2", "optimizer.decay=linear", *SMALL),
    "default": ("steps=300", "batch_size=64", "encoding.capacity=32", "evaluate_every=70", "evaluation.samples=200"),
    "groups": ("-m", "steps=300", "experiment=plain", "lr=1e-3,1e-4", "head=relu,sigmoid", "batch_size=8,16", *SMALL),
}
"""Name → arguments of the command that is killed. `sweep` has diverging members; `groups` trains four populations."""

MAX_KILLS = 5
"""How often one command is killed at most."""


@dataclass
class Victim:
    """A command that is killed and typed again until it ends."""

    arguments: tuple[str, ...]
    folder: Path
    """The output folder."""
    kills: int = 0

    @property
    def line(self) -> list[str]:
        """The arguments of the first start."""
        key = "sweep" if "-m" in self.arguments else "run"
        return [*self.arguments, f"hydra.{key}.dir={self.folder.name}"]

    def run(self, delays: Iterable[float] = ()) -> None:
        """Starts the command until it ends by itself.

        Args:
            delays: seconds from a start to the kill, one for each start; a start without one is not killed.

        Raises:
            RuntimeError: for an exit code other than 0 and 1 (a member diverged).
        """
        line, remaining = self.line, iter(delays)
        while True:
            process = Script("train.py", line, self.folder.parent, os.environ | {"COLUMNS": "200"})
            if (delay := next(remaining, None)) is not None:
                time.sleep(delay)
                process.send(signal.SIGKILL)
            done = process.ended()
            if done.returncode in (0, 1):
                return
            if done.returncode != -signal.SIGKILL:
                raise RuntimeError(f"{shlex.join(line)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
            self.kills += 1
            line = resume_arguments(done.stdout) or line


def resume_arguments(out: str) -> list[str] | None:
    """Returns the arguments of the resume command in a run's output; None if it printed none."""
    commands = re.findall(r"go on with: python \S+train\.py (.*)", out)
    return shlex.split(commands[-1]) if commands else None


def kill_and_compare(
    kills: int, seed: int = 0, cases: tuple[str, ...] = tuple(CASES)
) -> Iterator[tuple[str, int, list[str]]]:
    """Kills the cases in turn until they were killed so often in sum.

    Args:
        kills: their number.
        seed: of the moments.
        cases: names of `CASES`.

    Yields:
        For each victim the name of its case, its kills, and its differences to an undisturbed twin.
    """
    source = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        twins = {name: Victim(CASES[name], Path(folder) / f"twin-{name}") for name in cases}
        for twin in twins.values():
            twin.run()
        longest = dict.fromkeys(cases, 3.0)
        for index, name in enumerate(itertools.cycle(cases)):
            if kills == 0:
                return
            victim = Victim(CASES[name], Path(folder) / f"victim{index}")
            victim.run(source.uniform(0, longest[name]) for _ in range(min(kills, MAX_KILLS)))
            longest[name] *= 0.8 if victim.kills == 0 else 1.25  # about half of the starts are to be killed
            kills -= victim.kills
            yield name, victim.kills, differences(victim.folder, twins[name].folder)
