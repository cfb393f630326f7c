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
from pytorch_lightning.callbacks import Checkpoint as Checkpointing
from torch import Tensor
from torch.optim import Optimizer

from patterngan.evaluation.metrics import selection_score
from patterngan.population.module import PopulationGAN
from patterngan.storage.checkpoints import (
    BEST,
    FOLDER,
    KEY,
    LAST,
    Checkpoint,
    keep_previous,
    load,
    previous,
    warn_once,
    write,
)
from patterngan.training.checkpointing import AtEvaluations
from patterngan.training.stopping import StoppedBetweenBlocksError
from patterngan.validation import UsageError

State = dict[str, Any]
"""Weights and optimizer states, nested as in a Lightning checkpoint, each tensor with a members axis."""


class Snapshots(Checkpointing):
    """Keeps the last and the best state of every member, and writes all of them at every evaluation.

    Args:
        file: where to.
        folders: of the members' runs.
        records: what each member's checkpoints say of its run; see `checkpoints.KEY`.
        best: the best scores so far, infinite for members without.
    """

    def __init__(
        self, file: Path, folders: Sequence[Path], records: Sequence[dict[str, Any]], best: Sequence[float]
    ) -> None:
        self.file, self.folders, self.records = file, folders, records
        self.scores = list(best)
        self.steps = {LAST: [0] * len(folders), BEST: [0] * len(folders)}
        """At which step each member's states are; 0 where there is none."""
        self.states: dict[str, State] = {}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """An epoch ends with an evaluation, where nothing is half done."""
        assert isinstance(pl_module, PopulationGAN)
        state = stacked(pl_module, trainer.optimizers)
        scores = {member: selection_score(pl_module.found[member].metrics) for member in pl_module.alive}
        better = [member for member, score in scores.items() if score < self.scores[member]]
        for member in better:
            self.scores[member] = scores[member]
        self._keep(LAST, state, pl_module.alive, trainer.global_step)
        self._keep(BEST, state, better, trainer.global_step)
        self.write()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Keeps what was trained since the last evaluation, if it can be gone on from."""
        assert isinstance(pl_module, PopulationGAN)
        if isinstance(exception, StoppedBetweenBlocksError):
            state, weights = stacked(pl_module, trainer.optimizers), list(pl_module.parameters())
            finite = [member for member in pl_module.alive if all(value[member].isfinite().all() for value in weights)]
            self._keep(LAST, state, finite, trainer.global_step)
            self.write()

    def _keep(self, name: str, state: State, members: list[int], step: int) -> None:
        if name not in self.states:
            self.states[name] = _mapped(torch.clone, state)

        def keep(old: Tensor, new: Tensor) -> None:
            index = torch.tensor(members, dtype=torch.long, device=new.device)
            old.index_copy_(0, index, new[index])

        _mapped(keep, self.states[name], state)
        for member in members:
            self.steps[name][member] = step

    def write(self) -> None:
        """Puts the states of all members into the population's file."""
        keep_previous(self.file)
        content = {
            "folders": [os.path.relpath(folder, self.file.parent.parent) for folder in self.folders],
            "records": list(self.records),
            "scores": self.scores,
            "steps": self.steps,
            "states": self.states,
        }
        write(content, self.file)


def stacked(gan: PopulationGAN, optimizers: Iterable[Optimizer]) -> State:
    """The state of a population."""
    weights = {name.replace(".members.", ".", 1): value for name, value in gan.state_dict().items()}
    members = len(gan.evaluators)
    states = []
    for optimizer in optimizers:
        state = optimizer.state_dict()
        moments = {
            index: values | {"step": values["step"].expand(members).clone()} for index, values in state["state"].items()
        }
        states.append({"state": moments, "param_groups": state["param_groups"]})
    return {"state_dict": weights, "optimizer_states": states}


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


def scatter(file: Path, expected: Iterable[Path] = ()) -> None:
    """Writes the checkpoints of a population's members into the folders of their runs, and takes the file away.

    Args:
        file: of the population, in a folder of the sweep's.
        expected: folders of runs outside of the sweep's folder. A file that names others is not obeyed.

    Raises:
        UsageError: if the file is damaged or foreign.
    """
    trusted = {folder.resolve() for folder in expected}
    try:
        _scatter(file, file.parent.parent.resolve(), trusted)
    except UsageError as damage:
        if not previous(file).exists():
            raise
        warn_once(f"{damage}; the one before it takes its place")
        _scatter(previous(file), file.parent.parent.resolve(), trusted)
    previous(file).unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _scatter(file: Path, sweep: Path, trusted: set[Path]) -> None:
    unreadable = UsageError(f"{file}: not readable (damaged or a foreign file); remove it to go on without")
    try:
        content = load(file)
        for member, name in enumerate(content["folders"]):
            folder = (sweep / name).resolve()
            if folder in trusted or sweep in folder.parents:
                _write_member(content, member, folder)
    except (UsageError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise unreadable from error


def _write_member(content: dict[str, Any], member: int, folder: Path) -> None:
    for name in (BEST, LAST):
        if content["states"] and (step := content["steps"][name][member]):
            (folder / FOLDER).mkdir(parents=True, exist_ok=True)
            write(_checkpoint(content["states"][name], member, step, content), folder / FOLDER / name)


def _checkpoint(state: State, member: int, step: int, content: dict[str, Any]) -> dict[str, Any]:
    """A member's checkpoint as Lightning would have written it for its run alone."""
    every = content["records"][member]["settings"]["evaluate_every"]
    weights = _mapped(lambda tensor: tensor[member].clone(), state["state_dict"])
    optimizers = [
        {
            "state": _mapped(lambda tensor: tensor[member].clone(), optimizer["state"]),
            "param_groups": optimizer["param_groups"][member],
        }
        for optimizer in state["optimizer_states"]
    ]
    return {
        "epoch": -(-step // every) - 1,
        "global_step": step,
        "pytorch-lightning_version": version("pytorch-lightning"),
        "state_dict": weights,
        "optimizer_states": optimizers,
        "lr_schedulers": [],
        "callbacks": {AtEvaluations.__name__: {"best": content["scores"][member]}},
        KEY: content["records"][member],
    }


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
