"""Checkpoint files: written whole or not at all, found in run folders, and read without running code."""

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf

from patterngan.validation import UsageError

LAST, BEST = "last.ckpt", "best.ckpt"
FOLDER = "checkpoints"
KEY = "patterngan"
"""Where a Lightning checkpoint holds what is ours: settings and overrides, as plain values."""


class Checkpoint(NamedTuple):
    """A checkpoint that is known to be one of ours."""

    path: Path
    settings: DictConfig
    """The config keys that decide what the run computes."""
    overrides: list[str]
    """What the user typed to start it."""
    step: int
    """GAN steps trained."""
    weights: dict[str, torch.Tensor]
    content: dict[str, Any]
    """Everything in the file."""


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
    """Reads a checkpoint onto the CPU. Only tensors and plain values are unpickled: nothing in it can execute.

    Raises:
        UsageError: if the file is damaged, or no checkpoint of patterngan.
    """
    path = locate(path)
    file = io.BytesIO(path.read_bytes())
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
        if not isinstance(content, dict):
            raise TypeError
        ours = content[KEY]
        config = OmegaConf.create(ours["settings"])
        assert isinstance(config, DictConfig)
        overrides = [str(override) for override in ours["overrides"]]
        return Checkpoint(path, config, overrides, int(content["global_step"]), content["state_dict"], content)
    except (pickle.UnpicklingError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{path}: not a readable checkpoint (damaged, truncated or a foreign file)") from error
    except (KeyError, TypeError, AttributeError, AssertionError, IndexError) as error:
        raise UsageError(f"{path}: not a checkpoint of patterngan") from error


def run_folder(path: Path) -> Path | None:
    """The folder of the run that wrote this checkpoint, if the file still lies in it."""
    folder = path.resolve().parent
    if folder.name == FOLDER and (folder.parent / ".hydra").is_dir():
        return folder.parent
    return None


def require_same_shapes(path: Path, saved: dict[str, torch.Tensor], built: dict[str, torch.Tensor]) -> None:
    """Checks that saved weights fit the networks that a config builds.

    Raises:
        UsageError: naming the first weight that does not.
    """
    for name in [*built, *saved]:
        shapes = [list(weights[name].shape) if name in weights else "absent" for weights in (saved, built)]
        if shapes[0] != shapes[1]:
            raise UsageError(
                f"{path}: weights of other shapes: {name} is {shapes[0]} there, {shapes[1]} in this config"
            )


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file that, whatever happens, is whole or absent or what it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
