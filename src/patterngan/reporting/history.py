"""What a run's event files tell: its curves and its portraits, as they stood at each step."""

import logging
import math
from pathlib import Path
from typing import NamedTuple

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_FLOAT, DT_INT64
from tensorboard.util.tensor_util import make_ndarray

from patterngan.evaluation.portraits import MOST_INTEGERS, Portrait
from patterngan.reporting.tags import EVENTS, PORTRAIT, folder_of_events
from patterngan.validation import UsageError

# It tells of every file that it has read to the end, and warns of what a resumed run has written again.
logging.getLogger("tensorboard").setLevel(logging.ERROR)

NAMES = Portrait._fields

LARGEST = 2**17
"""Numbers in the largest tensor of a portrait."""


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
    folder = folder_of_events(run)
    if odd := [file for file in folder.glob(EVENTS) if not file.is_file()]:
        raise UsageError(f"{odd[0]}: is no file of events")
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0, "images": 1})
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
            if _is_small(event.tensor_proto):
                found.setdefault(event.step, {})[name] = torch.from_numpy(make_ndarray(event.tensor_proto))
    complete = {step: Portrait(**tensors) for step, tensors in sorted(found.items()) if len(tensors) == len(NAMES)}
    return {step: portrait for step, portrait in complete.items() if _is_whole(portrait)}


def _is_small(tensor: TensorProto) -> bool:
    """Whether a tensor, of which a few bytes can claim to be any size, is of a portrait's size and kind."""
    sizes = [dimension.size for dimension in tensor.tensor_shape.dim]
    return tensor.dtype in (DT_FLOAT, DT_INT64) and all(size > 0 for size in sizes) and math.prod(sizes) <= LARGEST


def _is_whole(portrait: Portrait) -> bool:
    """Whether a portrait, which a stranger may have written, can be drawn."""
    capacity, shown = len(portrait.verdicts), len(portrait.integers)
    shapes = (capacity + 1,), (capacity + 1,), (capacity,), (shown, portrait.codes.shape[-1]), (shown,)
    return (
        1 <= capacity <= MOST_INTEGERS
        and tuple(tuple(tensor.shape) for tensor in portrait) == shapes
        and portrait.integers.dtype == torch.int64
        and bool(portrait.integers.ge(0).all())
        and all(bool(((law >= 0) & (law <= 1)).all()) for law in (portrait.law, portrait.target, portrait.verdicts))
        and bool(portrait.codes.isfinite().all())
        and bool(portrait.target.max() >= 1 / MOST_INTEGERS)
    )
