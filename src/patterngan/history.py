"""What a run's event files tell: its curves and its portraits, as they stood at each step."""

import logging
from pathlib import Path
from typing import NamedTuple

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from patterngan.curves import PORTRAIT, folder_of_events
from patterngan.portraits import MOST_INTEGERS, Portrait
from patterngan.validation import UsageError

# It tells of every file that it has read to the end.
logging.getLogger("tensorboard").setLevel(logging.WARNING)

NAMES = Portrait._fields


class History(NamedTuple):
    """A run over its steps."""

    curves: dict[str, dict[int, float]]
    """Tag → step → value."""
    portraits: dict[int, Portrait]
    """Step → what the GAN looked like."""
    pictured: bool
    """Whether TensorBoard has pictures of it."""


def history(run: Path) -> History:
    """Reads a run's event files; where a run was resumed, what was written twice counts once.

    Raises:
        UsageError: if there is no such folder, or the files are damaged.
    """
    if not run.is_dir():
        raise UsageError(f"{run}: no such folder")
    events = EventAccumulator(str(folder_of_events(run)), size_guidance={"scalars": 0, "tensors": 0, "images": 1})
    try:
        tags = events.Reload().Tags()
        curves = {tag: {event.step: event.value for event in events.Scalars(tag)} for tag in tags["scalars"]}
        portraits = _portraits(events) if f"{PORTRAIT}law" in tags["tensors"] else {}
    except Exception as error:  # the readers of foreign bytes may raise anything
        raise UsageError(f"{run}: its event files are damaged ({type(error).__name__})") from error
    return History(curves, portraits, bool(tags["images"]))


def _portraits(events: EventAccumulator) -> dict[int, Portrait]:
    found: dict[int, dict[str, torch.Tensor]] = {}
    for name in NAMES:
        for event in events.Tensors(PORTRAIT + name):
            found.setdefault(event.step, {})[name] = torch.from_numpy(make_ndarray(event.tensor_proto))
    complete = {step: Portrait(**tensors) for step, tensors in sorted(found.items()) if len(tensors) == len(NAMES)}
    return {step: portrait for step, portrait in complete.items() if _is_whole(portrait)}


def _is_whole(portrait: Portrait) -> bool:
    """Whether a portrait, which a stranger may have written, can be drawn."""
    capacity, shown = len(portrait.verdicts), len(portrait.integers)
    shapes = (capacity + 1,), (capacity + 1,), (capacity,), (shown, portrait.codes.shape[-1]), (shown,)
    return (
        1 <= capacity <= MOST_INTEGERS
        and tuple(tuple(tensor.shape) for tensor in portrait) == shapes
        and all(bool(tensor.isfinite().all()) for tensor in portrait)
        and bool(portrait.target.max() > 0)
    )
