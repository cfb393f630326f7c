"""Any difference between the outputs of two commands, which may be runs or sweeps."""

import json
import logging
from pathlib import Path
from typing import Any

import torch
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from patterngan.reporting.events import EVENTS
from patterngan.storage.checkpoints import BEST, FOLDER, LAST
from patterngan.storage.results import FILE

# TensorBoard logs every point that a resumed run has written again.
logging.getLogger("tensorboard").setLevel(logging.ERROR)

LAYOUT_TAGS = ("custom_scalars__config__", "_hparams_/")
"""Tags written once in each folder. A run that was killed before its first checkpoint writes them again."""


def differences(one: Path, other: Path) -> list[str]:
    """Returns a line for each run and part of it that differs; times and Hydra's notes are not compared.

    The parts are `PARTS`: weights, optimizer states, curves, texts, portraits, results, and the names of files.
    """
    runs = sorted({file.parent.relative_to(folder) for folder in (one, other) for file in folder.rglob(FILE)})
    if not runs:
        return ["there is no run"]
    return [
        f"{one / run}: {name}" for run in runs for name, part in PARTS.items() if part(one / run) != part(other / run)
    ]


def _result(run: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((run / FILE).read_text()) if (run / FILE).exists() else {}
    return {key: value for key, value in result.items() if key not in ("wall_seconds", "share_seconds", "overrides")}


def _checkpoints(run: Path) -> dict[str, Any]:
    return {name: _checkpoint(run / FOLDER / name) for name in (LAST, BEST) if (run / FOLDER / name).exists()}


def _checkpoint(file: Path) -> Any:
    content = torch.load(file, weights_only=True)
    compared = ("state_dict", "optimizer_states", "global_step", "callbacks")
    return _bytes({key: content[key] for key in compared} | {"settings": content["patterngan"]["settings"]})


def _bytes(value: Any) -> Any:
    """A nested value with the bytes of its tensors, so that equal means bitwise equal."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.numpy().tobytes()
    if isinstance(value, dict):
        return {str(key): _bytes(item) for key, item in value.items()}
    return [_bytes(item) for item in value] if isinstance(value, list | tuple) else value


def _events(run: Path) -> dict[str, Any]:
    """Every point, text, portrait and picture that TensorBoard shows, by folder and tag."""
    shown: dict[str, Any] = {}
    for folder in sorted({file.parent for file in run.rglob(EVENTS)}):
        events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
        for tag in events.Tags()["tensors"]:
            if not tag.startswith(LAYOUT_TAGS):
                shown[f"{folder.relative_to(run)}: {tag}"] = [
                    (event.step, event.tensor_proto.SerializeToString()) for event in events.Tensors(tag)
                ]
    return shown


def _files(run: Path) -> set[str]:
    """The names of the files; event files are left out, of which each start writes one."""
    names = {str(file.relative_to(run)) for file in run.rglob("*") if file.is_file()}
    return {name for name in names if "tfevents" not in name}


PARTS = {"result": _result, "checkpoints": _checkpoints, "curves": _events, "files": _files}
