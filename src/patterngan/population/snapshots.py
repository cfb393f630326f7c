"""Snapshots of a population: one file while it trains, the checkpoints of its members when it stops.

At every evaluation the states of all members go into one file, whole or not at all. Writing thousands of small files
each time would take longer than training. When the population stops, or a sweep that was killed is started again,
every member gets the `last.ckpt` and `best.ckpt` that its run alone would have written.
"""

import os
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer
from typing_extensions import override

from patterngan.population.module import PopulationGAN
from patterngan.storage.checkpoints import BEST, CALLBACK, FOLDER, KEY, LAST, Checkpoint, load, write
from patterngan.storage.stopwatch import Seconds
from patterngan.training.checkpointing import EvaluationCheckpoint
from patterngan.training.module import GAN

State = dict[str, Any]
"""Weights and optimizer states, nested as in a Lightning checkpoint, each tensor with a members axis."""


class Snapshots(EvaluationCheckpoint):
    """`EvaluationCheckpoint` of a population: keeps the last and the best state of every member in one file."""

    def __init__(self, file: Path, folders: Sequence[Path], best: Sequence[float]) -> None:
        """`folders`: of the members' runs. `best`: the members' best scores so far."""
        super().__init__()
        self.file, self.folders, self.best = file, folders, list(best)
        self.steps = {LAST: [0] * len(folders), BEST: [0] * len(folders)}
        """The GAN step of each member's states; 0 where there is none."""
        self.seconds = {LAST: [Seconds()] * len(folders), BEST: [Seconds()] * len(folders)}
        """What these steps took."""
        self.states: dict[str, State] = {}

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Nothing: a member that goes on has its checkpoint, and one that starts needs none."""

    @override
    def keep(self, trainer: pl.Trainer, gan: GAN, last: Sequence[int], best: Sequence[int]) -> None:
        assert isinstance(gan, PopulationGAN)
        state = stacked_state(gan, trainer.optimizers)
        for name, members in ((LAST, last), (BEST, best)):
            if name not in self.states:
                self.states[name] = _mapped(torch.clone, state)
            _copy_members(self.states[name], state, list(members))
            for member in members:
                self.steps[name][member] = trainer.global_step
                self.seconds[name][member] = gan.stopwatch.seconds(member)
        folders = [os.path.relpath(folder, self.file.parent.parent) for folder in self.folders]
        seconds = {name: list(map(list, values)) for name, values in self.seconds.items()}
        content = {"folders": folders, "records": gan.records, "scores": self.best, "steps": self.steps}
        write(content | {"seconds": seconds, "states": self.states}, self.file)


def _copy_members(target: State, source: State, members: list[int]) -> None:
    def copy(old: Tensor, new: Tensor) -> None:
        old[members] = new[members]

    _mapped(copy, target, source)


def stacked_state(gan: PopulationGAN, optimizers: Iterable[Optimizer]) -> State:
    """The state of a population, under the names that its members' weights have alone."""
    weights = {name.replace(".members.", ".", 1): value for name, value in gan.state_dict().items()}
    members = len(gan.records)
    states = []
    for optimizer in optimizers:
        state = optimizer.state_dict()
        moments = {
            index: values | {"step": values["step"].expand(members).clone()} for index, values in state["state"].items()
        }
        states.append({"state": moments, "param_groups": state["param_groups"]})
    return {"state_dict": weights, "optimizer_states": states}


def gathered(checkpoints: Sequence[Checkpoint]) -> State:
    """The checkpoints of single runs as the state of a population."""
    first = checkpoints[0]
    weights = {
        name.replace(".", ".members.", 1): torch.stack([one.weights[name] for one in checkpoints])
        for name in first.weights
    }
    optimizers = []
    for player, state in enumerate(first.optimizers):
        moments = _mapped(
            lambda *tensors: torch.stack(tensors), *(one.optimizers[player]["state"] for one in checkpoints)
        )
        for values in moments.values():
            values["step"] = values["step"][0]  # members step together
        optimizers.append({"state": moments, "param_groups": state["param_groups"]})
    return {"state_dict": weights, "optimizer_states": optimizers}


def _mapped(function: Any, *states: Any) -> Any:
    """`function` on every tensor of equally nested states."""
    first = states[0]
    if isinstance(first, Tensor):
        return function(*states)
    if isinstance(first, dict):
        return {key: _mapped(function, *(state[key] for state in states)) for key in first}
    if isinstance(first, list):
        return [_mapped(function, *items) for items in zip(*states, strict=True)]
    return first


def scatter(file: Path) -> None:
    """Writes the checkpoints of a population's members into the folders of their runs, and deletes the file.

    The file is in a subfolder of the sweep's; nothing is written outside of the sweep's folder.
    """
    content, sweep = load(file), file.parent.parent.resolve()
    for member, name in enumerate(content["folders"]):
        folder = (sweep / name).resolve()
        if sweep in folder.parents:
            _write_member(content, member, folder)
    file.unlink()


def _write_member(content: dict[str, Any], member: int, folder: Path) -> None:
    for name in (BEST, LAST):
        if content["steps"][name][member]:
            (folder / FOLDER).mkdir(parents=True, exist_ok=True)
            write(_checkpoint(content, name, member), folder / FOLDER / name)


def _checkpoint(content: dict[str, Any], name: str, member: int) -> dict[str, Any]:
    """A member's checkpoint as Lightning would have written it for its run alone."""
    step, state, record = content["steps"][name][member], content["states"][name], content["records"][member]

    def own(tensor: Tensor) -> Tensor:
        return tensor[member].clone()

    optimizers = [
        {"state": _mapped(own, optimizer["state"]), "param_groups": optimizer["param_groups"][member]}
        for optimizer in state["optimizer_states"]
    ]
    return {
        "epoch": -(-step // record["settings"]["evaluate_every"]) - 1,
        "global_step": step,
        "pytorch-lightning_version": version("pytorch-lightning"),
        "state_dict": _mapped(own, state["state_dict"]),
        "optimizer_states": optimizers,
        "lr_schedulers": [],
        "callbacks": {CALLBACK: {"best": content["scores"][member]}},
        KEY: record | {"seconds": content["seconds"][name][member]},
    }
