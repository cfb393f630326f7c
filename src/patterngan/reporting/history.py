"""A run's curves and portraits over its steps, read from its event files."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from tensorboard.compat.proto.event_pb2 import SessionLog
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.util.tensor_util import make_ndarray

from patterngan.evaluation.portraits import MOST_INTEGERS, Portrait
from patterngan.reporting.events import PORTRAIT, folder_of_events, recorded
from patterngan.validation import UsageError

T = TypeVar("T")
Points = dict[str, dict[int, T]]
"""Tag → step → value."""


class History(NamedTuple):
    """A run over its steps."""

    curves: Points[float]
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
    with _refusing_damage(run):
        curves, parts, pictured = _read(folder_of_events(run))
        return History(curves, _portraits(parts), pictured)


def read_curves(run: Path) -> Points[float]:
    """The curves of a run's history alone: its portraits take most of the time. Raises as `history` does."""
    with _refusing_damage(run):
        return _read(folder_of_events(run))[0]


def sweep_curves(sweep: Path, names: Iterable[str]) -> dict[str, Points[float]]:
    """Name of a run in a sweep's folder → its curves, without points that are not finite; none of a damaged run."""
    read: dict[str, Points[float]] = {}
    for name in names:
        read[name] = {}
        with suppress(UsageError, OSError):
            for tag, curve in read_curves(sweep / name).items():
                if finite := {step: value for step, value in curve.items() if math.isfinite(value)}:
                    read[name][tag] = finite
    return read


@contextmanager
def _refusing_damage(run: Path) -> Iterator[None]:
    if not run.is_dir():
        raise UsageError(f"{run}: no such folder")
    try:
        yield
    except Exception as error:  # the readers raise anything on damaged bytes
        raise UsageError(f"{run}: its event files are damaged ({type(error).__name__})") from error


def _read(folder: Path) -> tuple[Points[float], Points[TensorProto], bool]:
    """The curves in a folder, the parts of its portraits, and whether it holds pictures."""
    curves: Points[float] = {}
    parts: Points[TensorProto] = {}
    pictured = False
    for event in recorded(folder):
        step = event.step  # one number for all curves: each look at the message makes another
        if event.session_log.status == SessionLog.START:  # a resumed run: what follows takes the place of older points
            curves, parts = _before(curves, step), _before(parts, step)
        for value in event.summary.value:
            if value.HasField("simple_value"):
                curves.setdefault(value.tag, {})[step] = value.simple_value
            elif value.tag.startswith(PORTRAIT):
                parts.setdefault(value.tag, {})[step] = value.tensor
            pictured |= value.HasField("image")
    return curves, parts, pictured


def _before(points: Points[T], end: int) -> Points[T]:
    return {tag: {step: value for step, value in of_tag.items() if step < end} for tag, of_tag in points.items()}


def _portraits(parts: Points[TensorProto]) -> dict[int, Portrait]:
    """Step → portrait, for the steps with a portrait that can be drawn; none where portraits lack a part."""
    portraits: dict[int, Portrait] = {}
    tags = [PORTRAIT + name for name in Portrait._fields]
    if not parts.keys() >= set(tags):
        return portraits
    for step in parts[tags[0]]:
        portrait = Portrait(*(torch.from_numpy(make_ndarray(parts[tag][step])) for tag in tags))
        if _is_drawable(portrait):
            portraits[step] = portrait
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
