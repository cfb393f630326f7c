"""A run's curves and portraits over its steps, read from its event files."""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from patterngan.evaluation.portraits import MOST_INTEGERS, Portrait
from patterngan.reporting.events import PORTRAIT, folder_of_events
from patterngan.validation import UsageError

# It logs each file that it has read, and warns of points that a resumed run has written again.
logging.getLogger("tensorboard").setLevel(logging.ERROR)


class History(NamedTuple):
    """A run over its steps."""

    curves: dict[str, dict[int, float]]
    """Tag → step → value."""
    portraits: dict[int, Portrait]
    """Step → portrait."""
    pictured: bool
    """Whether the event files hold pictures."""


def history(run: Path) -> History:
    """The history of a run. Of points that a resumed run wrote again, the later ones count.

    Raises:
        UsageError: if there is no such folder, or the files are damaged.
    """
    if not run.is_dir():
        raise UsageError(f"{run}: no such folder")
    events = EventAccumulator(str(folder_of_events(run)), size_guidance={"scalars": 0, "tensors": 0, "images": 1})
    try:
        tags = events.Reload().Tags()
        curves = {tag: {event.step: event.value for event in events.Scalars(tag)} for tag in tags["scalars"]}
        portraits = _portraits(events) if _has_portraits(tags["tensors"]) else {}
    except Exception as error:  # the readers raise anything on damaged bytes
        raise UsageError(f"{run}: its event files are damaged ({type(error).__name__})") from error
    return History(curves, portraits, bool(tags["images"]))


def _has_portraits(tags: Collection[str]) -> bool:
    """Whether the tags of tensors are those of portraits, with all of their parts."""
    return {PORTRAIT + name for name in Portrait._fields} <= set(tags)


def _portraits(events: EventAccumulator) -> dict[int, Portrait]:
    """Step → portrait, for the steps with a portrait that can be drawn."""
    portraits = {}
    for parts in zip(*(events.Tensors(PORTRAIT + name) for name in Portrait._fields), strict=True):
        portrait = Portrait(*(torch.from_numpy(make_ndarray(part.tensor_proto)) for part in parts))
        if _is_drawable(portrait):
            portraits[parts[0].step] = portrait
    return portraits


def _is_drawable(portrait: Portrait) -> bool:
    """Whether a portrait, which comes from a file, has the shapes and values that figures need."""
    law, target, scores, codes, integers, _, symbols = portrait
    capacity, shown, width = len(scores), len(integers), codes.shape[-1]
    laws, parts = (capacity + 1,), (len(symbols),)
    return (
        0 < capacity <= MOST_INTEGERS
        and codes.numel() > 0
        and [tuple(part.shape) for part in portrait] == [laws, laws, (capacity,), (shown, width), (shown,), laws, parts]
        and [part.dtype for part in portrait] == [torch.float32] * 4 + [torch.int64, torch.bool, torch.int64]
        and all(bool(((part >= 0) & (part <= 1)).all()) for part in (law, target, scores))
        and bool(target.max() >= 1 / MOST_INTEGERS)  # the scale of the bars
        and bool(codes.isfinite().all() and integers.ge(0).all())
        and bool(symbols.ge(1).all() and symbols.le(width).all() and symbols.sum() == width)
    )
