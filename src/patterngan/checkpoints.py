"""Checkpoint files: written whole or not at all, found in run folders, and read without running code."""

import functools
import io
import logging
import math
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import torch

from patterngan.files import naming
from patterngan.validation import UsageError

log = logging.getLogger(__name__)

LAST, BEST = "last.ckpt", "best.ckpt"
FOLDER = "checkpoints"
PREVIOUS = ".previous"
"""Follows the name of a checkpoint that stays until there are two newer ones."""
KEY = "patterngan"
"""Where a Lightning checkpoint holds what is ours: settings and overrides, as plain values."""


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
    """What a file of PyTorch's holds, on the CPU. Only tensors and plain values are unpickled: nothing can execute.

    Raises:
        UsageError: if the file is damaged or foreign.
    """
    content = path.read_bytes()
    try:
        damaged = zipfile.ZipFile(io.BytesIO(content)).testzip()  # PyTorch takes the bytes of a tensor as they are
        found = None if damaged else torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler of foreign bytes may raise anything
        raise UsageError(f"{path}: not a readable checkpoint (damaged, truncated or a foreign file)") from error
    if damaged:
        raise UsageError(f"{path}: not a readable checkpoint (damaged, in {damaged})")
    return found


def _read(path: Path) -> Checkpoint:
    content = load(path)
    if not _is_ours(content):
        raise UsageError(f"{path}: not a checkpoint of patterngan")
    ours = content[KEY]
    weights, optimizers, best = content["state_dict"], content["optimizer_states"], _best(content)
    return Checkpoint(path, ours["settings"], ours["overrides"], content["global_step"], weights, optimizers, best)


def _best(content: dict[str, Any]) -> float:
    callbacks = content.get("callbacks")
    kept = callbacks.get("AtEvaluations") if isinstance(callbacks, dict) else None
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
        and all(isinstance(weight, torch.Tensor) for weight in weights.values())
        and type(step) is int
        and step >= 0
        and isinstance(optimizers, list)
        and len(optimizers) == 2
    )


def _is_plain(value: object) -> bool:
    """Whether a setting is made of numbers and words alone: an interpolation could call OmegaConf's resolvers."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
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
