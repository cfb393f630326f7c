"""Checkpoint files: written whole or not at all, found in run folders, and read without running code."""

import copy
import functools
import io
import logging
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from patterngan.storage import foreign
from patterngan.storage.files import naming
from patterngan.validation import UsageError

log = logging.getLogger(__name__)

LAST, BEST = "last.ckpt", "best.ckpt"
FOLDER = "checkpoints"
PREVIOUS = ".previous"
"""Follows the name of a checkpoint that stays until there are two newer ones."""
KEY = "patterngan"
"""Where a Lightning checkpoint holds what is ours: settings and overrides, as plain values."""
MOST_SETTINGS = 10**5
"""Numbers and words of a run's settings. A stranger's few kilobytes could unfold to more."""


class Checkpoint(NamedTuple):
    """A checkpoint that is known to be one of ours."""

    path: Path
    settings: dict[str, Any]
    """The config keys that decide what the run computes, as plain values."""
    overrides: list[str]
    """What the user typed to start it."""
    step: int
    """GAN steps trained."""
    weights: dict[str, torch.Tensor]
    optimizers: list[dict[str, Any]]
    """The states of G's optimizer and D's, as PyTorch writes them."""
    best: float
    """The lowest score of an evaluation so far, infinite where none was kept."""


def locate(path: Path) -> Path:
    """The checkpoint that a run folder or a checkpoint file stands for: a folder's is its last.

    Raises:
        UsageError: if there is none.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; a run folder or a checkpoint is needed")
    if path.is_file():
        return path
    found = path / FOLDER / LAST
    if not found.is_file():
        raise UsageError(f"{path}: holds no {FOLDER}/{LAST}; a run folder has one after its first evaluation")
    return found


def read(path: Path) -> Checkpoint:
    """Reads a checkpoint onto the CPU; of a run whose last is damaged, the one before, with a warning.

    Raises:
        UsageError: if the file is damaged, or no checkpoint of patterngan, and there is none before it.
    """
    path = locate(path)
    try:
        return _read(path)
    except UsageError as damage:
        before = (previous(path), path.with_name(BEST)) if path.name == LAST else ()
        for other in before:
            with suppress(OSError, UsageError):
                found = _read(other)
                warn_once(f"{damage}; {other.name}, of step {found.step}, takes its place")
                return found
        raise


def mend(folder: Path) -> Checkpoint:
    """A run's last checkpoint; where that is damaged, the one before it is put in its place.

    Raises:
        UsageError: as `read` does.
    """
    last = locate(folder)
    found = read(last)
    if found.path != last:
        write_atomically(last, found.path.read_bytes())
    return found._replace(path=last)


@functools.cache
def warn_once(text: str) -> None:
    """A warning that is not repeated, however often a file is read."""
    log.warning(text)


def load(path: Path) -> Any:
    """What is in a file that `write` wrote; see `foreign.load`.

    Raises:
        UsageError: if the file is damaged or foreign.
    """
    content = path.read_bytes()
    try:
        return foreign.load(content)
    except Exception as error:  # the unpickler of foreign bytes may raise anything
        raise UsageError(f"{path}: not a readable checkpoint (damaged, truncated or a foreign file)") from error


def _read(path: Path) -> Checkpoint:
    content = load(path)
    if not _is_ours(content):
        raise UsageError(f"{path}: not a checkpoint of patterngan")
    ours = content[KEY]
    weights, optimizers, best = content["state_dict"], content["optimizer_states"], _best(content)
    return Checkpoint(path, ours["settings"], ours["overrides"], content["global_step"], weights, optimizers, best)


def _best(content: dict[str, Any]) -> float:
    callbacks = content.get("callbacks")
    return best_score(callbacks.get("AtEvaluations") if isinstance(callbacks, dict) else None)


def best_score(kept: object) -> float:
    """The lowest score of an evaluation so far, as its callback kept it; infinite where it did not."""
    best = kept.get("best") if isinstance(kept, dict) else None
    return float(best) if isinstance(best, int | float) else math.inf


def _is_ours(content: object) -> bool:
    """Whether everything that is read from a file's content later is there, and of its type."""
    if not isinstance(content, dict) or not isinstance(content.get(KEY), dict):
        return False
    settings, overrides, weights, step, optimizers = (
        content[KEY].get("settings"),
        content[KEY].get("overrides"),
        content.get("state_dict"),
        content.get("global_step"),
        content.get("optimizer_states"),
    )
    return (
        isinstance(settings, dict)
        and _is_plain(settings)
        and isinstance(overrides, list)
        and all(isinstance(override, str) for override in overrides)
        and isinstance(weights, dict)
        and all(isinstance(name, str) for name in weights)
        and all(isinstance(weight, Tensor) for weight in weights.values())
        and type(step) is int
        and step >= 0
        and isinstance(optimizers, list)
        and len(optimizers) == 2
    )


def _is_plain(settings: dict[Any, Any]) -> bool:
    """Whether settings are made of numbers and words alone: an interpolation could call OmegaConf's resolvers."""
    try:
        return sum(1 for _ in foreign.flat(settings, MOST_SETTINGS)) > 0 and _is_plain_value(settings)
    except ValueError:
        return False


def _is_plain_value(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain_value, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain_value, value))
    return value is None or (isinstance(value, str | int | float) and "${" not in str(value))


def run_folder(path: Path) -> Path | None:
    """The folder of the run that wrote this checkpoint, if the file still lies in it."""
    folder = path.resolve().parent
    if folder.name == FOLDER and (folder.parent / ".hydra").is_dir():
        return folder.parent
    return None


def resumable_folder(path: Path) -> Path | None:
    """The run folder in which training goes on from this checkpoint: from its last alone.

    From an earlier one, such as the best, it goes on elsewhere: here it would overwrite what came after.
    """
    return run_folder(path) if path.name == LAST else None


def require_same_shapes(source: object, saved: dict[str, torch.Tensor], built: dict[str, torch.Tensor]) -> None:
    """Checks that saved weights fit the networks that a config builds.

    Raises:
        UsageError: naming the first weight that does not.
    """
    for name in [*built, *saved]:
        shapes = [list(weights[name].shape) if name in weights else "absent" for weights in (saved, built)]
        if shapes[0] != shapes[1]:
            raise UsageError(
                f"{source}: weights of other shapes: {name} is {shapes[0]} there, {shapes[1]} in this config"
            )


def require_finite(source: object, saved: dict[str, torch.Tensor], module: torch.nn.Module) -> None:
    """Checks that the saved weights of a module are numbers; its buffers may be what they like, such as a mask of −∞.

    Raises:
        UsageError: naming the first that is not.
    """
    for name, _ in module.named_parameters():
        if not saved[name].isfinite().all():
            raise UsageError(f"{source}: {name} holds what is no finite number")


def require_fitting_states(source: object, saved: list[dict[str, Any]], optimizers: Sequence[Optimizer]) -> None:
    """Checks that saved states are of optimizers like these.

    Raises:
        UsageError: if they are not.
    """
    for state, optimizer in zip(saved, optimizers, strict=True):
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        try:
            optimizer.load_state_dict(copy.deepcopy(state))
            fitting = all(_fits(optimizer.state.get(parameter, {}), parameter) for parameter in parameters)
        except Exception as error:  # it takes a stranger's word for everything
            raise UsageError(f"{source}: states of other optimizers") from error
        if not fitting:
            raise UsageError(f"{source}: states of other optimizers")


def _fits(state: dict[str, Any], parameter: Tensor) -> bool:
    tensors = [value for value in state.values() if isinstance(value, Tensor)]
    return all(tensor.shape in (parameter.shape, ()) for tensor in tensors)


def write(content: dict[str, Any], path: Path) -> None:
    """Puts a whole checkpoint at `path`, or leaves what was there."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(path, buffer.getvalue())


def previous(path: Path) -> Path:
    """Where `keep_previous` keeps what was at a path."""
    return path.with_name(path.name + PREVIOUS)


def keep_previous(path: Path) -> None:
    """Keeps what is at `path` under a second name as well: what is written there next may prove to be damaged."""
    temporary = _temporary(previous(path))
    with suppress(OSError):  # there is nothing yet, or the file system knows no second names
        temporary.unlink(missing_ok=True)
        os.link(path, temporary)
        temporary.replace(previous(path))
        temporary.unlink(missing_ok=True)  # it stays where both names were of one file already


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.tmp")


def remove_halves(folder: Path) -> None:
    """Takes away what a process that was killed left half written in a folder."""
    for half in folder.glob(".*.tmp"):
        half.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file that, whatever happens, is whole or absent or what it was before.

    Its folder is made, but not the one around that: a run's that was taken away does not come back empty.

    Raises:
        OSError: naming `path`.
    """
    temporary = _temporary(path)
    with naming(path):
        path.parent.mkdir(exist_ok=True)
        temporary.unlink(missing_ok=True)  # of a killed process; or a link, which leads elsewhere
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
