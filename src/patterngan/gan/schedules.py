"""Schedules: numbers that move while a run trains.

Wherever a config takes such a number it may be typed as one number, as `[start, end]`, or as `[start, end, shape]`.
Modules hold them as `Scheduled`, a tensor that is changed in place: a recorded step sees it, and in a population
every member has its own.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from patterngan.data.streams import CHUNK
from patterngan.validation import InvalidValueError, choice, number

SHAPES: dict[str, Callable[[float], float]] = {
    "linear": lambda progress: progress,
    "cosine": lambda progress: (1 - math.cos(math.pi * progress)) / 2,
}
"""How much of the way is gone at a share of the run, both from 0 to 1. `exponential` goes it in the logarithm."""


@dataclass(frozen=True)
class Schedule:
    """A number that goes from `start` to `end` over the run."""

    start: float
    end: float
    shape: str = "linear"

    def at(self, progress: float) -> float:
        """The number at a share of the run, from 0 to 1."""
        if self.shape == "exponential":
            return float(self.start * (self.end / self.start) ** progress)
        return self.start + (self.end - self.start) * SHAPES[self.shape](progress)

    @property
    def constant(self) -> bool:
        """Whether it never moves."""
        return self.start == self.end

    @property
    def zero(self) -> bool:
        """Whether it is 0 throughout: what it is of can be left out."""
        return self.start == self.end == 0


def schedule(key: str, value: Any, low: float, high: float = math.inf, open_low: bool = False) -> Schedule:
    """The schedule that a config's value describes.

    Raises:
        InvalidValueError: naming `key` and `value` unless it is a number or a list as above, in range.
    """
    if isinstance(value, int | float):
        only = number(key, value, low, high, open_low)
        return Schedule(only, only)
    form = "must be a number, [start, end] or [start, end, shape]"
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidValueError(key, value, form)
    items = list(value)
    if len(items) not in (2, 3):
        raise InvalidValueError(key, value, form)
    shape = choice(key, items[2], (*SHAPES, "exponential")) if len(items) == 3 else "linear"
    try:
        start, end = (number(key, item, low, high, open_low) for item in items[:2])
    except InvalidValueError as error:
        raise InvalidValueError(key, value, f"both ends {error.allowed}") from None
    if shape == "exponential" and min(start, end) <= 0:
        raise InvalidValueError(key, value, "an exponential schedule must stay above 0")
    return Schedule(start, end, shape)


class Scheduled(nn.Module):
    """A scheduled number as a tensor: of no dimensions, or `[members]` in a population."""

    value: Tensor

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedules = [schedule]
        self.register_buffer("value", torch.tensor(schedule.at(0.0)), persistent=False)

    def move_to(self, progress: float) -> None:
        """Sets the value to what it is at a share of the run."""
        if not all(schedule.constant for schedule in self.schedules):
            values = torch.tensor([schedule.at(progress) for schedule in self.schedules])
            self.value.copy_(values.view_as(self.value))


def move_schedules(module: nn.Module, progress: float) -> None:
    """Sets every scheduled number of a module to what it is at a share of the run."""
    for part in module.modules():
        if isinstance(part, Scheduled):
            part.move_to(progress)


def progress_seen(step: int, steps: int) -> float:
    """The share of the run by which schedules are set when a run is evaluated after `step` steps."""
    return progress_at(max(step - 1, 0), steps)


def progress_at(step: int, steps: int) -> float:
    """The share of the run by which schedules are set at a step: they move every `CHUNK` steps.

    A function of the step alone, so that neither an evaluation nor a resume in between moves them.
    """
    return min(1.0, step // CHUNK * CHUNK / steps)
