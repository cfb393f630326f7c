"""Optimizers: how a network follows its gradient, alone or as one of a population."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn, optim

from patterngan.gan.schedules import SHAPES, Schedule
from patterngan.validation import InvalidValueError, choice, number


@runtime_checkable
class Moving(Protocol):
    """An optimizer whose learning rate follows a schedule."""

    def move_to(self, progress: float) -> None:
        """Sets the learning rate to what it is at a share of the run."""
        ...


OptimizerFactory = Callable[[Iterable[nn.Parameter]], optim.Optimizer]


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980) in its fused form, half the cost of the default at this size."""

    lr: Schedule
    betas: tuple[float, float]

    def __call__(self, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
        """PyTorch's optimizer of these parameters."""
        return ScheduledAdam(parameters, self)


@dataclass(frozen=True)
class SGD:
    """Gradient descent, θ ← θ − lr ∇: what the theory of GAN dynamics is about."""

    lr: Schedule

    def __call__(self, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
        """The optimizer of these parameters."""
        return GradientDescent(parameters, [self])


def falling(lr: Any, decay: str) -> Schedule:
    """A learning rate that stays (`decay` none), or falls to 0 over the run in a straight line or a half cosine.

    Raises:
        InvalidValueError: unless lr > 0 and decay is none, linear or cosine.
    """
    lr = number("lr", lr, 0, open_low=True)
    shape = choice("decay", decay, ("none", *SHAPES))
    return Schedule(lr, lr) if shape == "none" else Schedule(lr, 0.0, shape)


def adam(lr: Any, betas: Sequence[float], decay: str = "none") -> Adam:
    """The settings of Adam; see `falling`.

    Raises:
        InvalidValueError: unless lr > 0 and betas are two numbers in 0 … 1 (1 excluded).
    """
    lr = falling(lr, decay)
    try:
        first, second = (number("betas", beta, 0, 1) for beta in betas)
    except (TypeError, ValueError, InvalidValueError):
        first = second = 1.0
    if max(first, second) >= 1:
        raise InvalidValueError("betas", betas, "must be two numbers from 0 to below 1")
    return Adam(lr, (first, second))


def sgd(lr: Any, decay: str = "none") -> SGD:
    """The settings of gradient descent; see `falling`.

    Raises:
        InvalidValueError: unless lr > 0.
    """
    return SGD(falling(lr, decay))


class ScheduledAdam(optim.Adam):
    """PyTorch's Adam. A learning rate that moves is a tensor, which a recorded step sees change."""

    def __init__(self, parameters: Iterable[nn.Parameter], settings: Adam) -> None:
        given, self.schedule = list(parameters), settings.lr
        lr = settings.lr.start if settings.lr.constant else torch.tensor(settings.lr.start, device=given[0].device)
        super().__init__(given, lr=lr, betas=settings.betas, fused=True)

    def state_dict(self) -> dict[str, Any]:
        """As PyTorch's, its lr as a number."""
        state: dict[str, Any] = super().state_dict()
        for group in state["param_groups"]:
            group["lr"] = self.schedule.start
        return state

    def move_to(self, progress: float) -> None:
        """See `Moving.move_to`."""
        if isinstance(lr := self.defaults["lr"], Tensor):
            lr.fill_(self.schedule.at(progress))


class GradientDescent(optim.Optimizer):
    """θ ← θ − lr ∇, with an lr that can move; see `PopulationSGD` for several members."""

    def __init__(self, parameters: Iterable[nn.Parameter], members: Sequence[SGD]) -> None:
        self.stacked = list(parameters)
        super().__init__(self.stacked, {})
        self.members = members
        self.lrs = MemberLrs([member.lr for member in members], self.stacked)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step of every member along its gradient."""
        for parameter, lr in zip(self.stacked, self.lrs.shaped, strict=True):
            if parameter.grad is not None:
                parameter.addcmul_(parameter.grad, lr, value=-1)

    def move_to(self, progress: float) -> None:
        """See `Moving.move_to`."""
        self.lrs.move_to(progress)


class PopulationSGD(GradientDescent):
    """Gradient descent for parameters with a leading members axis, each member with its own lr."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing but the parameters' numbers; `param_groups` are per member."""
        groups: list[dict[str, Any]] = super().state_dict()["param_groups"]
        return {"state": {}, "param_groups": [groups for _ in self.members]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """There is no state to go on from."""


class MemberLrs:
    """The members' learning rates, shaped to be multiplied with each stacked parameter."""

    def __init__(self, schedules: Sequence[Schedule], stacked: Sequence[Tensor]) -> None:
        self.schedules = schedules
        self.values = torch.tensor([schedule.start for schedule in schedules], device=stacked[0].device)
        self.shaped = [self.values.view(-1, *[1] * (parameter.dim() - 1)) for parameter in stacked]

    def move_to(self, progress: float) -> None:
        """See `Moving.move_to`."""
        self.values.copy_(torch.tensor([schedule.at(progress) for schedule in self.schedules]))


class PopulationAdam(optim.Optimizer):
    """Adam for parameters with a leading members axis, each member with its own lr and betas.

    PyTorch's fused Adam is given a parameter of zeros and a learning rate of one: what it leaves there is the
    direction of the step, and each member goes its own lr along it. Betas are numbers to PyTorch, so neighbours with
    equal betas share a call; members sorted by betas make few.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], members: Sequence[Adam]) -> None:
        self.stacked = list(parameters)
        super().__init__(self.stacked, {})
        self.members = members
        self.lrs = MemberLrs([member.lr for member in members], self.stacked)
        self.directions, self.exp_avg, self.exp_avg_sq = (
            [torch.zeros_like(parameter, requires_grad=False) for parameter in self.stacked] for _ in range(3)
        )
        changes = [i for i in range(1, len(members)) if members[i].betas != members[i - 1].betas]
        self.cuts = [slice(*cut) for cut in pairwise([0, *changes, len(members)])]
        groups = [
            {"params": [direction[cut] for direction in self.directions], "betas": members[cut.start].betas}
            for cut in self.cuts
        ]
        self.direction_adam = optim.Adam(groups, lr=1.0, fused=True)
        self._set_steps(0)

    def _set_steps(self, steps: float) -> None:
        for cut, group in zip(self.cuts, self.direction_adam.param_groups, strict=True):
            for index, direction in enumerate(group["params"]):
                self.direction_adam.state[direction] = {
                    "step": torch.tensor(float(steps), device=direction.device),
                    "exp_avg": self.exp_avg[index][cut],
                    "exp_avg_sq": self.exp_avg_sq[index][cut],
                }

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step of every member along its gradient."""
        for cut, group in zip(self.cuts, self.direction_adam.param_groups, strict=True):
            for direction, parameter in zip(group["params"], self.stacked, strict=True):
                direction.grad = None if parameter.grad is None else parameter.grad[cut]
        torch._foreach_zero_(self.directions)
        self.direction_adam.step()
        for parameter, direction, lr in zip(self.stacked, self.directions, self.lrs.shaped, strict=True):
            parameter.addcmul_(direction, lr)

    def move_to(self, progress: float) -> None:
        """See `Moving.move_to`."""
        self.lrs.move_to(progress)

    def state_dict(self) -> dict[str, Any]:
        """As of `torch.optim.Adam`, with a members axis in the running means; `param_groups` are per member."""
        first = self.direction_adam.param_groups[0]["params"][0]
        step: Tensor = self.direction_adam.state[first]["step"]
        moments = zip(self.exp_avg, self.exp_avg_sq, strict=True)
        state = {i: {"step": step, "exp_avg": m, "exp_avg_sq": v} for i, (m, v) in enumerate(moments)}
        return {"state": state, "param_groups": [self._param_groups(member) for member in self.members]}

    def _param_groups(self, member: Adam) -> list[dict[str, Any]]:
        stand_ins = [nn.Parameter(torch.empty(0)) for _ in self.stacked]
        groups: list[dict[str, Any]] = member(stand_ins).state_dict()["param_groups"]
        return groups

    @torch.no_grad()
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from running means with a members axis; lr and betas stay those of `members`."""
        for index, state in state_dict["state"].items():
            self.exp_avg[index].copy_(state["exp_avg"])
            self.exp_avg_sq[index].copy_(state["exp_avg_sq"])
            self._set_steps(float(state["step"]))
