"""Schedules: numbers that change over a run.

A config gives such a number as one number, or as `[start, end, shape, until]`, where shape and until can be left out.
A module holds it as `Scheduled`, a tensor that is changed in place, so that a recorded step sees the change. In a
population the tensor holds a number for each member.
"""

import math
from collections.abc import Callable, Sequence
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
"""Shape → the share of the way from start to end at a share of the run, both from 0 to 1.

The shape `exponential` is not among them: it is linear in the number's logarithm.
"""


@dataclass(frozen=True)
class Schedule:
    """A number that goes from `start` to `end`, which it reaches at the share `until` of the run, and stays there."""

    start: float
    end: float
    shape: str = "linear"
    until: float = 1.0

    def at(self, progress: float) -> float:
        """The number at a share of the run, from 0 to 1."""
        progress = min(1.0, progress / self.until)
        if self.shape == "exponential":
            return float(self.start * (self.end / self.start) ** progress)
        return self.start + (self.end - self.start) * SHAPES[self.shape](progress)

    @property
    def constant(self) -> bool:
        """Whether the number never changes."""
        return self.start == self.end

    @property
    def zero(self) -> bool:
        """Whether the number is 0 throughout, so that the term it weighs can be left out."""
        return self.start == self.end == 0


def schedule(key: str, value: Any, low: float, high: float = math.inf, open_low: bool = False) -> Schedule:
    """The schedule of a config's value, its numbers in low … high (`open_low`: above low).

    Raises:
        InvalidValueError: naming `key` and `value`, unless the value is a number or a list as above, in range.
    """
    if isinstance(value, int | float):
        constant = number(key, value, low, high, open_low)
        return Schedule(constant, constant)
    if isinstance(value, str) or not isinstance(value, Sequence) or not 2 <= len(value) <= 4:
        allowed = "must be a number or [start, end, shape, until]; shape and until can be left out"
        raise InvalidValueError(key, value, allowed)
    shape = choice(key, value[2], (*SHAPES, "exponential")) if len(value) > 2 else "linear"
    start, end = (_item(key, value, "both ends", item, low, high, open_low) for item in value[:2])
    until = _item(key, value, "until", value[3], 0, 1, open_low=True) if len(value) == 4 else 1.0
    if shape == "exponential" and min(start, end) <= 0:
        raise InvalidValueError(key, value, "an exponential schedule must stay above 0")
    return Schedule(start, end, shape, until)


def _item(key: str, value: Any, name: str, item: Any, low: float, high: float, open_low: bool) -> float:
    """One number of a schedule's list; the error shows the whole list."""
    try:
        return number(key, item, low, high, open_low)
    except InvalidValueError as error:
        raise InvalidValueError(key, value, f"{name} {error.allowed}") from None


@dataclass(frozen=True)
class LearningRate:
    """A learning rate on its schedule, with the warm-up in front of it.

    GAN step n of the first `warmup`, counted from 1, takes n / warmup of what the schedule says.
    """

    schedule: Schedule
    warmup: int = 0

    def at(self, progress: float, step: int) -> float:
        """Its value in a GAN step, the first being 0, for which schedules are at a share of the run."""
        return self.schedule.at(progress) * min(1.0, (step + 1) / max(1, self.warmup))

    @property
    def start(self) -> float:
        """Its value at the start of the run, but for the warm-up."""
        return self.schedule.start

    @property
    def constant(self) -> bool:
        """Whether it never changes."""
        return self.schedule.constant and not self.warmup


class Scheduled(nn.Module):
    """A scheduled number as a tensor: [], or [members] in a population."""

    value: Tensor

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedules = [schedule]
        self.register_buffer("value", torch.tensor(schedule.at(0.0)), persistent=False)

    def move_to(self, progress: float) -> None:
        """Sets the value to that of its schedule at a share of the run, from 0 to 1."""
        if not all(schedule.constant for schedule in self.schedules):
            values = torch.tensor([schedule.at(progress) for schedule in self.schedules], dtype=self.value.dtype)
            self.value.copy_(values.view_as(self.value))


def move_schedules(module: nn.Module, progress: float) -> None:
    """Moves every scheduled number in a module to a share of the run."""
    for part in module.modules():
        if isinstance(part, Scheduled):
            part.move_to(progress)


def progress_seen(step: int, steps: int) -> float:
    """The share of the run for schedules in an evaluation after `step` steps: that of the last step taken."""
    return progress_at(max(step - 1, 0), steps)


def progress_at(step: int, steps: int) -> float:
    """The share of the run for schedules at a step. It changes every `CHUNK` steps.

    It depends on the step alone, so that evaluations and resumes leave schedules as they are.
    """
    return min(1.0, step // CHUNK * CHUNK / steps)
