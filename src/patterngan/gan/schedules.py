"""Schedules: numbers that change over a run.

A config gives such a number as one number, as `[start, end, shape]`, where shape can be left out, or as its values at
some shares of the run, `[[0, start], [0.5, middle], [1, end]]`, between which it is linear. A module holds it as
`Scheduled`, a tensor that is changed in place, so that a recorded step sees the change. In a population the tensor
holds a number for each member.
"""

import math
from bisect import bisect_right
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
    """A number that has `values` at these `shares` of the run, and goes from one to the next by `shape`."""

    values: tuple[float, ...]
    shares: tuple[float, ...] = (0.0, 1.0)
    shape: str = "linear"

    def at(self, progress: float) -> float:
        """The number at a share of the run, from 0 to 1; that of the nearest share outside of all."""
        after = bisect_right(self.shares, progress)
        if after in (0, len(self.shares)):
            return self.values[min(after, len(self.values) - 1)]
        (left, right), (start, end) = self.shares[after - 1 : after + 1], self.values[after - 1 : after + 1]
        way = (progress - left) / (right - left)
        if self.shape == "exponential":
            return float(start * (end / start) ** way)
        return start + (end - start) * SHAPES[self.shape](way)

    @property
    def start(self) -> float:
        """The number at the start of the run."""
        return self.values[0]

    @property
    def constant(self) -> bool:
        """Whether the number never changes."""
        return len(set(self.values)) == 1

    @property
    def zero(self) -> bool:
        """Whether the number is 0 throughout, so that the term it weighs can be left out."""
        return not any(self.values)


def schedule(key: str, value: Any, low: float, high: float = math.inf, open_low: bool = False) -> Schedule:
    """The schedule of a config's value, its numbers in low … high (`open_low`: above low).

    Raises:
        InvalidValueError: naming `key` and `value`, unless the value is a number or a list as above, in range.
    """
    if isinstance(value, int | float):
        return Schedule((number(key, value, low, high, open_low),) * 2)
    if isinstance(value, Sequence) and value and all(_is_pair(item) for item in value):
        shares = tuple(_item(key, value, "the shares of the run", share, 0, 1) for share, _ in value)
        if list(shares) != sorted(set(shares)):
            raise InvalidValueError(key, value, "the shares of the run must rise")
        return Schedule(tuple(_item(key, value, "all values", one, low, high, open_low) for _, one in value), shares)
    if isinstance(value, str) or not isinstance(value, Sequence) or not 2 <= len(value) <= 3:
        allowed = (
            "must be a number, [start, end, shape], where shape can be left out, or [[share of the run, value], …]"
        )
        raise InvalidValueError(key, value, allowed)
    shape = choice(key, value[2], (*SHAPES, "exponential")) if len(value) > 2 else "linear"
    start, end = (_item(key, value, "both ends", item, low, high, open_low) for item in value[:2])
    if shape == "exponential" and min(start, end) <= 0:
        raise InvalidValueError(key, value, "an exponential schedule must stay above 0")
    return Schedule((start, end), shape=shape)


def _is_pair(item: Any) -> bool:
    return isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 2


def _item(key: str, value: Any, name: str, item: Any, low: float, high: float, open_low: bool = False) -> float:
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
