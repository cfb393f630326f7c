"""Optimizers."""

from collections.abc import Iterable

import torch
from torch import nn


class Signum(torch.optim.Optimizer):
    """Signum: steps of one size along the sign of the running gradient.

    Source: Bernstein et al. 2018, arXiv 1802.04434, algorithm 2.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, beta: float) -> None:
        super().__init__(parameters, {"lr": lr, "beta": beta})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Takes one step."""
        for group in self.param_groups:
            for weight in group["params"]:
                mean = self.state[weight].setdefault("mean", torch.zeros_like(weight))
                mean.lerp_(weight.grad, 1 - group["beta"])
                weight.sub_(group["lr"] * mean.sign())
