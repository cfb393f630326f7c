"""Kills runs and sweeps at random moments, goes on with them, and looks for any difference to undisturbed twins."""

import itertools
import json
import logging
import os
import random
import re
import shlex
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from processes import Script
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from patterngan.reporting.console import LISTED
from patterngan.reporting.tags import EVENTS
from patterngan.storage.checkpoints import BEST, FOLDER, LAST
from patterngan.storage.results import FILE
from patterngan.validation import UsageError

# It tells of everything that a resumed run has written again.
logging.getLogger("tensorboard").setLevel(logging.ERROR)

SMALL = ("evaluate_every=100", "evaluation.samples=200")

CASES = {
    "run": ("steps=600", "experiment=plain", "update.ema=0.9", "discriminator.spectral_norm=true", *SMALL),
    "sweep": ("-m", "steps=600", "experiment=plain", "lr=1e-3,1e-2,1e38", "seed=1,2", "optimizer.decay=linear", *SMALL),
    "default": ("steps=300", "batch_size=64", "encoding.capacity=32", "evaluate_every=70", "evaluation.samples=200"),
    "groups": ("-m", "steps=300", "experiment=plain", "lr=1e-3,1e-4", "head=relu,sigmoid", "batch_size=8,16", *SMALL),
}
"""What is killed: its command line. A sweep of several populations can die between two, and one run diverges."""


MOST = 5
"""Kills of one victim at most."""

LAID_OUT = ("custom_scalars__config__", "_hparams_/")
"""What a run writes once for each folder, and writes again where nothing of it was trained before the kill."""


@dataclass
class Victim:
    """A command that is killed and typed again until it ends."""

    arguments: tuple[str, ...]
    folder: Path
    """Its output folder."""
    kills: int = 0

    @property
    def line(self) -> list[str]:
        """What is typed first."""
        key = "sweep" if "-m" in self.arguments else "run"
        return [*self.arguments, f"hydra.{key}.dir={self.folder.name}"]

    def run(self, moments: Iterator[float]) -> None:
        """Runs to the end, however often it is killed.

        Args:
            moments: seconds from each start to the kill; once there are no more it is left alone.
        """
        line, code = self.line, None
        while code != 0:
            process = Script("train.py", line, self.folder.parent, os.environ | {"COLUMNS": "200"})
            if (moment := next(moments, None)) is not None:
                time.sleep(moment)
                process.send(signal.SIGKILL)
            done = process.ended()
            code = done.returncode
            if code not in (0, 1, -signal.SIGKILL):
                raise RuntimeError(f"{shlex.join(line)}: exit code {code}\n{done.stdout}\n{done.stderr}")
            if code != -signal.SIGKILL:
                return
            self.kills += 1
            line = printed(done.stdout) or line


def printed(out: str) -> list[str] | None:
    """The arguments of the command that a run told to go on with, if it came to that."""
    found = re.findall(r"go on with: python \S+train\.py (.*)", out)
    return shlex.split(found[-1]) if found else None


def differences(one: Path, other: Path) -> list[str]:
    """What differs between the outputs of two commands, which may be runs or sweeps; times and notes of Hydra's apart.

    Compared are weights, states of optimizers, curves, texts and portraits, results, and which files there are.
    """
    runs = sorted({file.parent.relative_to(folder) for folder in (one, other) for file in folder.rglob(FILE)})
    found = ["there is no run"] if not runs else []
    for run in runs:
        ours, theirs = one / run, other / run
        for name, look in LOOKS.items():
            if look(ours) != look(theirs):
                found.append(f"{ours}: {name}")
    return found


def _result(run: Path) -> Any:
    found: dict[str, Any] = json.loads((run / FILE).read_text()) if (run / FILE).exists() else {}
    return {key: value for key, value in found.items() if key not in ("wall_seconds", "overrides")}


def _checkpoints(run: Path) -> Any:
    return {name: _plain(run / FOLDER / name) for name in (LAST, BEST) if (run / FOLDER / name).exists()}


def _plain(file: Path) -> Any:
    content = torch.load(file, weights_only=True)
    kept = ("state_dict", "optimizer_states", "global_step", "callbacks")
    return _bytes({key: content[key] for key in kept} | {"settings": content["patterngan"]["settings"]})


def _bytes(value: Any) -> Any:
    """A nested value with the bytes of its tensors, so that equal means bitwise equal."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.numpy().tobytes()
    if isinstance(value, dict):
        return {str(key): _bytes(item) for key, item in value.items()}
    return [_bytes(item) for item in value] if isinstance(value, list | tuple) else value


def _curves(run: Path) -> Any:
    """Every point, text, portrait and picture as TensorBoard shows them."""
    shown: dict[str, Any] = {}
    for folder in sorted({file.parent for file in run.rglob(EVENTS)}):
        events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
        for tag in events.Tags()["tensors"]:
            if not tag.startswith(LAID_OUT):
                shown[tag] = [(event.step, event.tensor_proto.SerializeToString()) for event in events.Tensors(tag)]
    return shown


def _files(run: Path) -> set[str]:
    names = {str(file.relative_to(run)) for file in run.rglob("*") if file.is_file()}
    # Of event files there is one more for each start, and a checkpoint's previous one is there after two.
    return {name for name in names if "tfevents" not in name and not name.endswith(".previous")}


LOOKS = {"result": _result, "checkpoints": _checkpoints, "curves": _curves, "files": _files}


def faults(kills: int, seed: int = 0, cases: tuple[str, ...] = tuple(CASES)) -> Iterator[tuple[str, int, list[str]]]:
    """Kills each case until all of them together were killed so often.

    Yields:
        For each victim the name of its case, how often it was killed, and how it differs from its twin.
    """
    source = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        twins = {name: _twin(name, Path(folder)) for name in cases}
        seconds = dict.fromkeys(cases, 3.0)
        left = kills
        for index, name in enumerate(itertools.cycle(cases)):
            if left == 0:
                return
            victim = Victim(CASES[name], Path(folder) / f"victim{index}")
            victim.run(source.uniform(0, seconds[name]) for _ in range(min(left, MOST)))
            seconds[name] *= 0.8 if victim.kills == 0 else 1.25  # about half of the starts are to be killed
            left -= victim.kills
            yield name, victim.kills, differences(victim.folder, twins[name])


def faults_table(kills: int, seed: int) -> None:
    """Prints for each case how often it was killed and what differed in the end.

    Raises:
        UsageError: if anything did.
    """
    victims = []
    for name, count, found in faults(kills, seed):
        print(f"{name}: killed {count} times, {'; '.join(found[:LISTED]) or 'no difference'}", flush=True)
        victims.append((name, count, found))
    print("case     victims  kills  different")
    for name in CASES:
        mine = [(count, found) for case, count, found in victims if case == name]
        different = sum(bool(found) for _, found in mine)
        print(f"{name:<9}{len(mine):>7}{sum(count for count, _ in mine):>7}{different:>11}")
    if found := [line for _, _, lines in victims for line in lines]:
        raise UsageError(f"{len(found)} differences: {'; '.join(found[:LISTED])}")


def _twin(name: str, folder: Path) -> Path:
    twin = Victim(CASES[name], folder / f"twin-{name}")
    twin.run(iter(()))
    return twin.folder
