"""Checkpoint files: their format, where they are in a run's folder, and how they are read without running code."""

import copy
import functools
import io
import logging
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from patterngan.storage.files import write_atomically
from patterngan.storage.stopwatch import Seconds
from patterngan.validation import UsageError

log = logging.getLogger(__name__)

LAST, BEST = "last.ckpt", "best.ckpt"
FOLDER = "checkpoints"
KEY = "patterngan"
"""The key of a Lightning checkpoint under which a run's settings and overrides are kept, as plain values."""
CALLBACK = "EvaluationCheckpoint"
"""The key among the callbacks' states under which the best score is kept."""


class Checkpoint(NamedTuple):
    """A checkpoint of patterngan, its parts checked for their types."""

    path: Path
    settings: dict[str, Any]
    """The config keys that decide what the run computes, as plain values; see `storage.settings`."""
    overrides: list[str]
    """What the user typed to start the run."""
    step: int
    """GAN steps trained."""
    weights: dict[str, Tensor]
    optimizers: list[dict[str, Any]]
    """The states of G's optimizer and D's, as PyTorch writes them; none where a callback has saved weights only."""
    best: float
    """The lowest score of an evaluation so far; infinite before the first."""
    seconds: Seconds
    """What its steps took."""


def locate(path: Path) -> Path:
    """The checkpoint file of `path`: the file itself, or the last checkpoint of a run folder.

    Raises:
        UsageError: if there is none.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; a run folder or a checkpoint is needed")
    if path.is_file():
        return path
    last = path / FOLDER / LAST
    if not last.is_file():
        raise UsageError(f"{path}: holds no {FOLDER}/{LAST}; a run folder has one after its first evaluation")
    return last


def read(path: Path) -> Checkpoint:
    """Reads a checkpoint onto the CPU. If a run's last is damaged, its best is read instead, with a warning.

    Raises:
        UsageError: if the file is damaged or not a checkpoint of patterngan, and there is no best in its place.
    """
    path = locate(path)
    try:
        return _checkpoint(path)
    except UsageError as damage:
        best = path.with_name(BEST)
        if path.name != LAST or not best.exists():
            raise
        checkpoint = _checkpoint(best)
        _warn_once(f"{damage}; {BEST}, of step {checkpoint.step}, takes its place")
        return checkpoint


def repair(folder: Path) -> Checkpoint:
    """Reads a run's last checkpoint; if it is damaged, the best replaces it."""
    last = locate(folder)
    checkpoint = read(last)
    if checkpoint.path != last:
        write_atomically(last, checkpoint.path.read_bytes())
    return checkpoint._replace(path=last)


@functools.cache
def _warn_once(text: str) -> None:
    log.warning(text)


def content(path: Path) -> dict[str, Any]:
    """What `load` returns; the file that was read last is read again only if it has changed."""
    status = path.stat()
    key = path.absolute(), status.st_mtime_ns, status.st_size
    if key not in _last:
        values = load(path)
        _last.clear()
        _last[key] = values
    return _last[key]


_last: dict[tuple[Path, int, int], dict[str, Any]] = {}
"""The content of the file that was read last, by path, time of modification and size."""


def load(path: Path) -> Any:
    """The tensors and plain values of a file that `write` wrote, on the CPU. Code in it is never run.

    Raises:
        UsageError: if the file is damaged or foreign.
    """
    try:
        data = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.testzip():  # torch.load checks no checksum of a tensor's bytes
                raise ValueError("a checksum is wrong")
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # the unpickler raises errors of any type for a foreign file
        raise UsageError(f"{path}: not a readable checkpoint (damaged, truncated or a foreign file)") from error


def write(values: dict[str, Any], path: Path) -> None:
    """Writes tensors and plain values to a file, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(values, buffer)
    write_atomically(path, buffer.getvalue())


def _checkpoint(path: Path) -> Checkpoint:
    values = content(path)
    try:
        record = values[KEY] if isinstance(values, dict) else {}
        settings, overrides, step = record["settings"], record["overrides"], values["global_step"]
        weights, optimizers = values["state_dict"], values.get("optimizer_states", [])
        best = values.get("callbacks", {}).get(CALLBACK, {}).get("best", math.inf)
        seconds = Seconds(*record.get("seconds", ()))
        is_ours = (
            isinstance(settings, dict)
            and _is_plain(settings)
            and all(isinstance(override, str) for override in overrides)
            and all(isinstance(weight, Tensor) for weight in weights.values())
            and step >= 0
            and len(optimizers) in (0, 2)
            and all(isinstance(one, float) and 0 <= one < math.inf for one in seconds)
        )
    except (LookupError, TypeError, AttributeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise UsageError(f"{path}: not a checkpoint of patterngan")
    return Checkpoint(path, settings, overrides, step, weights, optimizers, best, seconds)


def _is_plain(value: object) -> bool:
    """Whether settings hold plain values alone. An interpolation could call one of OmegaConf's resolvers."""
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
    """The run folder in which training goes on from this checkpoint; None unless it is the run's last.

    From an earlier checkpoint training goes on in a new folder, so that later results are not overwritten.
    """
    return run_folder(path) if path.name == LAST else None


def require_fitting_weights(source: object, saved: dict[str, Tensor], module: torch.nn.Module) -> None:
    """Checks that saved weights have the shapes of a module's, and that its saved parameters are finite.

    Raises:
        UsageError: naming the first weight that does not fit.
    """
    built = module.state_dict()
    for name in [*built, *saved]:
        there, here = (list(weights[name].shape) if name in weights else "absent" for weights in (saved, built))
        if there != here:
            raise UsageError(f"{source}: weights of other shapes: {name} is {there} there, {here} in this config")
    for name, _ in module.named_parameters():  # buffers may hold infinities, as a mask does
        if not saved[name].isfinite().all():
            raise UsageError(f"{source}: {name} holds what is no finite number")


def require_fitting_states(source: object, saved: list[dict[str, Any]], optimizers: Sequence[Optimizer]) -> None:
    """Checks that saved states are of optimizers like these.

    Raises:
        UsageError: if they are not.
    """
    for state, optimizer in zip(saved, optimizers, strict=True):
        try:
            optimizer.load_state_dict(copy.deepcopy(state))
            fits = all(_fits(moments, parameter) for parameter, moments in optimizer.state.items())
        except Exception:  # a foreign state may be of any type
            fits = False
        if not fits:
            raise UsageError(f"{source}: states of other optimizers")


def _fits(moments: dict[str, Any], parameter: Tensor) -> bool:
    tensors = [moment for moment in moments.values() if isinstance(moment, Tensor)]
    return all(tensor.shape in (parameter.shape, ()) for tensor in tensors)
