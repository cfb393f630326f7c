"""Optimizers of a population: parameters have a leading members axis, and each member its own settings."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn, optim
from typing_extensions import override

from patterngan.gan.optimizers import SGD, Adam, clipped, lay_counts_together

MOMENTS = ("exp_avg", "exp_avg_sq")
"""The running means in the state of an Adam."""


class PopulationOptimizer(optim.Optimizer):
    """The learning rates that both optimizers keep: those of the members, shaped to multiply stacked parameters."""

    def __init__(self, parameters: Iterable[nn.Parameter], members: Sequence[Adam | SGD]) -> None:
        self.stacked: list[Tensor] = list(parameters)
        super().__init__(self.stacked, {})
        self.members, self.warmup = members, max(member.lr.warmup for member in members)
        self.lrs = self.stacked[0].new_tensor([member.lr.start for member in members])
        self.shaped_lrs = self._shaped(self.lrs)

    def _shaped(self, numbers: Tensor) -> list[Tensor]:
        """Numbers [members], shaped to multiply each of the stacked parameters."""
        return [numbers.view(-1, *[1] * (parameter.dim() - 1)) for parameter in self.stacked]

    def move_to(self, progress: float, step: int) -> None:
        """Sets the learning rates to their values in a GAN step at a share of the run."""
        self.lrs.copy_(torch.tensor([member.lr.at(progress, step) for member in self.members], dtype=self.lrs.dtype))

    @override
    def state_dict(self) -> dict[str, Any]:
        """An empty state, and `param_groups` of each member as its optimizer alone has them."""
        stand_ins = [nn.Parameter(torch.empty(0)) for _ in self.stacked]
        groups = [member(stand_ins).state_dict()["param_groups"] for member in self.members]
        return {"state": {}, "param_groups": groups}


class PopulationSGD(PopulationOptimizer):
    """Gradient descent, each member with its own lr."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Takes one step of every member along its gradient."""
        for parameter, lr in zip(self.stacked, self.shaped_lrs, strict=True):
            if parameter.grad is not None:
                parameter.addcmul_(parameter.grad, lr, value=-1)

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Does nothing: gradient descent has no state."""


class PopulationAdam(PopulationOptimizer):
    """Adam, each member with its own settings.

    PyTorch's fused Adam takes a step of learning rate one from zeros. It leaves there the direction of the step,
    which is then multiplied with each member's lr. PyTorch's betas are numbers, so there is one call for each run of
    neighbours with equal betas; members sorted by betas make the fewest.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], members: Sequence[Adam]) -> None:
        super().__init__(parameters, members)
        self.directions, self.exp_avg, self.exp_avg_sq = (
            [torch.zeros_like(parameter, requires_grad=False) for parameter in self.stacked] for _ in range(3)
        )
        norms = [member.clip_norm or math.inf for member in members]
        self.clip_norms = self.lrs.new_tensor(norms) if min(norms) < math.inf else None
        decays = [member.weight_decay for member in members]
        self.decays = self.lrs.new_tensor(decays)
        self.kept = 1 - self.lrs * self.decays
        self.shaped_kept = self._shaped(self.kept) if any(decays) else None
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
        lay_counts_together(self.direction_adam)

    @override
    def move_to(self, progress: float, step: int) -> None:
        super().move_to(progress, step)
        if self.shaped_kept is not None:
            self.kept.copy_(1 - self.lrs * self.decays)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Takes one step of every member along its gradient."""
        gradients: Sequence[Tensor | None] = [parameter.grad for parameter in self.stacked]
        if self.clip_norms is not None:
            gradients = clipped(self.stacked, self.clip_norms)
        for cut, group in zip(self.cuts, self.direction_adam.param_groups, strict=True):
            for direction, gradient in zip(group["params"], gradients, strict=True):
                direction.grad = None if gradient is None else gradient[cut]
        torch._foreach_zero_(self.directions)
        self.direction_adam.step()
        if self.shaped_kept is not None:
            torch._foreach_mul_(self.stacked, self.shaped_kept)
        torch._foreach_addcmul_(self.stacked, self.directions, self.shaped_lrs)

    @override
    def state_dict(self) -> dict[str, Any]:
        """The state as `torch.optim.Adam` has it, its running means with a members axis."""
        first = self.direction_adam.param_groups[0]["params"][0]
        step: Tensor = self.direction_adam.state[first]["step"]
        moments = zip(self.exp_avg, self.exp_avg_sq, strict=True)
        state = {i: {"step": step, "exp_avg": m, "exp_avg_sq": v} for i, (m, v) in enumerate(moments)}
        return super().state_dict() | {"state": state}

    @torch.no_grad()
    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Loads running means with a members axis; settings stay those of `members`."""
        for index, state in state_dict["state"].items():
            self.exp_avg[index].copy_(state["exp_avg"])
            self.exp_avg_sq[index].copy_(state["exp_avg_sq"])
            self._set_steps(float(state["step"]))


class ShardedOptimizer(optim.Optimizer):
    """The optimizers of neighbouring members, each of which takes its own steps: their settings and states as one."""

    def __init__(self, shards: Sequence[PopulationOptimizer]) -> None:
        super().__init__([parameter for shard in shards for parameter in shard.stacked], {})
        self.shards, self.warmup = shards, max(shard.warmup for shard in shards)

    def move_to(self, progress: float, step: int) -> None:
        """Sets the learning rates to their values in a GAN step at a share of the run."""
        for shard in self.shards:
            shard.move_to(progress, step)

    @override
    def state_dict(self) -> dict[str, Any]:
        """The state that one optimizer of all members has."""
        states = [shard.state_dict() for shard in self.shards]
        joined = {
            index: values | {name: torch.cat([state["state"][index][name] for state in states]) for name in MOMENTS}
            for index, values in states[0]["state"].items()
        }
        return {"state": joined, "param_groups": [group for state in states for group in state["param_groups"]]}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Loads a state that one optimizer of all members has."""
        start = 0
        for shard in self.shards:
            members = slice(start, start := start + len(shard.members))
            own = {
                index: values | {name: values[name][members] for name in MOMENTS}
                for index, values in state_dict["state"].items()
            }
            shard.load_state_dict({"state": own})
