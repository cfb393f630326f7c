"""Optimizers: how a network follows its gradient.

In configs lr > 0, betas are two numbers from 0 to below 1, and decay is none, linear or cosine.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn, optim
from typing_extensions import override

from patterngan.gan.schedules import SHAPES, Schedule
from patterngan.validation import InvalidValueError, choice, number


@runtime_checkable
class Moving(Protocol):
    """An optimizer whose learning rate follows a schedule."""

    def move_to(self, progress: float) -> None:
        """Sets the learning rate to its value at a share of the run, from 0 to 1."""


OptimizerFactory = Callable[[Iterable[nn.Parameter]], optim.Optimizer]


class Adam:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980) in its fused form, half the cost of the default at this size."""

    def __init__(self, lr: Any, betas: Sequence[float], decay: str = "none") -> None:
        self.lr = decaying(lr, decay)
        try:
            first, second = (number("betas", beta, 0, 1) for beta in betas)
        except (TypeError, ValueError, InvalidValueError):
            first = second = 1.0
        if max(first, second) >= 1:
            raise InvalidValueError("betas", betas, "must be two numbers from 0 to below 1")
        self.betas = first, second

    def __call__(self, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
        """A PyTorch optimizer of these parameters."""
        return ScheduledAdam(parameters, self)


class SGD:
    """Gradient descent, θ ← θ − lr ∇, which the theory of GAN dynamics is about."""

    def __init__(self, lr: Any, decay: str = "none") -> None:
        self.lr = decaying(lr, decay)

    def __call__(self, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
        """A PyTorch optimizer of these parameters."""
        return GradientDescent(parameters, self)


def decaying(lr: Any, decay: str) -> Schedule:
    """The schedule of a learning rate: constant for `none`; for `linear` and `cosine` it goes to 0 in that shape."""
    lr = number("lr", lr, 0, open_low=True)
    shape = choice("decay", decay, ("none", *SHAPES))
    return Schedule(lr, lr) if shape == "none" else Schedule(lr, 0.0, shape)


class ScheduledAdam(optim.Adam):
    """PyTorch's Adam. A learning rate that moves is a tensor in a step, so that a recorded step sees it change.

    In `param_groups` it is a number, as others expect it there: Lightning's LearningRateMonitor, for one.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], settings: Adam) -> None:
        weights, self.schedule = list(parameters), settings.lr
        super().__init__(weights, lr=self.schedule.start, betas=settings.betas, fused=True)
        self.lr = None if self.schedule.constant else weights[0].new_tensor(self.schedule.start)
        self._counts_together = False

    @override
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        shown = self.param_groups[0]["lr"]
        if self.lr is not None:
            self.param_groups[0]["lr"] = self.lr
        super().step(closure)
        self.param_groups[0]["lr"] = shown
        if not self._counts_together:
            lay_counts_together(self)
            self._counts_together = True

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._counts_together = False

    @override
    def state_dict(self) -> dict[str, Any]:
        """The state as PyTorch has it, with the lr that the run starts with."""
        return _with_lr(super().state_dict(), self.schedule.start)

    def move_to(self, progress: float) -> None:
        """Sets the learning rate to its value at a share of the run."""
        if self.lr is not None:
            self.param_groups[0]["lr"] = self.schedule.at(progress)
            self.lr.fill_(self.param_groups[0]["lr"])


def lay_counts_together(adam: optim.Adam) -> None:
    """Makes the step counts of all weights views of one tensor, so that a recorded step counts by one operation."""
    states = list(adam.state.values())
    if states:
        for state, count in zip(states, torch.stack([state["step"] for state in states]).unbind(), strict=True):
            state["step"] = count


class GradientDescent(optim.Optimizer):
    """θ ← θ − lr ∇. The learning rate is a tensor, so that a recorded step sees it change."""

    def __init__(self, parameters: Iterable[nn.Parameter], settings: SGD) -> None:
        self.weights, self.schedule = list(parameters), settings.lr
        super().__init__(self.weights, {"lr": self.schedule.start, "weight_decay": 0.0})
        self.lr = self.weights[0].new_tensor(self.schedule.start)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Takes one step along the gradient."""
        for weight in self.weights:
            if weight.grad is not None:
                weight.addcmul_(weight.grad, self.lr, value=-1)

    @override
    def state_dict(self) -> dict[str, Any]:
        """The state as PyTorch has it, with the lr that the run starts with."""
        return _with_lr(super().state_dict(), self.schedule.start)

    def move_to(self, progress: float) -> None:
        """Sets the learning rate to its value at a share of the run."""
        self.param_groups[0]["lr"] = self.schedule.at(progress)
        self.lr.fill_(self.param_groups[0]["lr"])


def _with_lr(state: dict[str, Any], lr: float) -> dict[str, Any]:
    for group in state["param_groups"]:
        group["lr"] = lr
    return state
