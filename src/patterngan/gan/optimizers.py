"""Optimizers: how a network follows its gradient.

In configs lr > 0, betas are two numbers from 0 to below 1, and decay is none, linear or cosine. A weight_decay or a
clip_norm of 0 adds nothing to a step.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn, optim
from typing_extensions import override

from patterngan.gan.schedules import SHAPES, LearningRate, Schedule
from patterngan.validation import InvalidValueError, choice, integer, number


@runtime_checkable
class Moving(Protocol):
    """An optimizer whose learning rate follows a schedule."""

    warmup: int
    """GAN steps over which the learning rate rises: it must be moved before each of them."""

    def move_to(self, progress: float, step: int) -> None:
        """Sets the learning rate to its value in a GAN step, the first being 0, at a share of the run, from 0 to 1."""


OptimizerFactory = Callable[[Iterable[nn.Parameter]], optim.Optimizer]


class Adam:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980) in its fused form, half the cost of the default at this size.

    Args:
        lr: the learning rate.
        betas: decay rates of the running means of the gradient and of its square.
        decay: how lr falls over the run.
        decay_to: the share of lr at which it ends.
        warmup: GAN steps over which lr rises from 0.
        weight_decay: λ ≥ 0 of θ ← θ − lr λ θ in every step (Loshchilov & Hutter 2019, arXiv 1711.05101).
        clip_norm: the largest norm of the gradient over all weights, see `clipped`; 0: any.
    """

    def __init__(
        self,
        lr: Any,
        betas: Sequence[float],
        decay: str = "none",
        decay_to: float = 0.0,
        warmup: int = 0,
        weight_decay: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        self.lr = LearningRate(decaying(lr, decay, decay_to), integer("warmup", warmup, 0))
        self.weight_decay, self.clip_norm = number("weight_decay", weight_decay, 0), number("clip_norm", clip_norm, 0)
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
        self.lr = LearningRate(decaying(lr, decay))

    def __call__(self, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
        """A PyTorch optimizer of these parameters."""
        return GradientDescent(parameters, self)


def decaying(lr: Any, decay: str, share: float = 0.0) -> Schedule:
    """The schedule of a learning rate: constant for `none`; `linear` and `cosine` go to a share of it in that shape."""
    lr, share = number("lr", lr, 0, open_low=True), number("decay_to", share, 0, 1)
    shape = choice("decay", decay, ("none", *SHAPES))
    return Schedule((lr, lr)) if shape == "none" else Schedule((lr, lr * share), shape=shape)


@torch.no_grad()
def clipped(weights: Iterable[Tensor], most: Tensor) -> tuple[Tensor, ...]:
    """The gradients of a network's weights, shortened to a Euclidean norm of `most` over all of them if it is larger.

    Source: Pascanu et al. 2013, arXiv 1211.5063, algorithm 1.

    Args:
        weights: all of the network, each [...] or [members, ...], with gradients.
        most: [] or [members]; infinite: never shortened.
    """
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    norm = torch.cat([gradient.reshape(*most.shape, -1) for gradient in gradients], -1).norm(dim=-1)
    share = torch.where(norm > most, most / norm, 1.0)
    shaped = [share.view((*share.shape, *[1] * (gradient.dim() - share.dim()))) for gradient in gradients]
    return torch._foreach_mul(gradients, shaped)


class ScheduledAdam(optim.Adam):
    """PyTorch's Adam, or AdamW. A learning rate that moves is a tensor in a step: a recorded step sees it change.

    In `param_groups` it is a number, as others expect it there: Lightning's LearningRateMonitor, for one.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], settings: Adam) -> None:
        self.weights, self.rate, self.warmup = list(parameters), settings.lr, settings.lr.warmup
        decay = settings.weight_decay
        super().__init__(
            self.weights,
            lr=self.rate.start,
            betas=settings.betas,
            weight_decay=decay,
            decoupled_weight_decay=decay > 0,
            fused=True,
        )
        self.lr = None if self.rate.constant else self.weights[0].new_tensor(self.rate.start)
        self.clip_norm = self.weights[0].new_tensor(settings.clip_norm) if settings.clip_norm else None
        self._counts_together = False

    @override
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        shown = self.param_groups[0]["lr"]
        if self.lr is not None:
            self.param_groups[0]["lr"] = self.lr
        if self.clip_norm is None:
            super().step(closure)
        else:
            self._step_clipped(self.clip_norm)
        self.param_groups[0]["lr"] = shown
        if not self._counts_together:
            lay_counts_together(self)
            self._counts_together = True

    def _step_clipped(self, most: Tensor) -> None:
        whole = [weight.grad for weight in self.weights]
        for weight, gradient in zip(self.weights, clipped(self.weights, most), strict=True):
            weight.grad = gradient
        super().step()
        for weight, own in zip(self.weights, whole, strict=True):
            weight.grad = own  # curves show the norms before clipping

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._counts_together = False

    @override
    def state_dict(self) -> dict[str, Any]:
        """The state as PyTorch has it, with the lr that the run starts with."""
        return _with_lr(super().state_dict(), self.rate.start)

    def move_to(self, progress: float, step: int) -> None:
        """Sets the learning rate to its value in a GAN step at a share of the run."""
        if self.lr is not None:
            self.param_groups[0]["lr"] = self.rate.at(progress, step)
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
        self.weights, self.rate, self.warmup = list(parameters), settings.lr, settings.lr.warmup
        super().__init__(self.weights, {"lr": self.rate.start, "weight_decay": 0.0})
        self.lr = self.weights[0].new_tensor(self.rate.start)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Takes one step along the gradient."""
        for weight in self.weights:
            if weight.grad is not None:
                weight.addcmul_(weight.grad, self.lr, value=-1)

    @override
    def state_dict(self) -> dict[str, Any]:
        """The state as PyTorch has it, with the lr that the run starts with."""
        return _with_lr(super().state_dict(), self.rate.start)

    def move_to(self, progress: float, step: int) -> None:
        """Sets the learning rate to its value in a GAN step at a share of the run."""
        self.param_groups[0]["lr"] = self.rate.at(progress, step)
        self.lr.fill_(self.param_groups[0]["lr"])


def _with_lr(state: dict[str, Any], lr: float) -> dict[str, Any]:
    for group in state["param_groups"]:
        group["lr"] = lr
    return state
