"""Heads: what turns the generator's raw output into codes.

Real codes are hard, made of zeros and ones. A discriminator with a hidden layer tells soft codes from them whatever
integer they stand for; straight-through heads give hard codes and the gradient of soft ones.

A code is made of symbols (`Encoding.symbols`): bits, and categories written as one-hots. Raw outputs, codes and
the uniform numbers that a head reads are [..., width] with the symbols side by side.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from patterngan.gan.schedules import Scheduled, schedule

LEAST_UNIFORM = 1e-7
"""Uniform numbers are kept this far from 0 and 1, where their logarithms end."""

Symbols = Sequence[int]
"""The sizes of a code's symbols: 1 for a bit, else the number of categories."""


class Head(nn.Module):
    """From raw outputs to codes."""

    draws = False
    """Whether it reads uniform numbers, one for each entry of a code."""
    samples = False
    """Whether its codes are hard and drawn from the law that `log_prob` is of."""

    def forward(self, raw: Tensor, uniform: Tensor, symbols: Symbols) -> Tensor:
        """Raw outputs [..., width] of these symbols → codes, with uniform numbers [..., width], or [..., 0]."""
        raise NotImplementedError


class Entrywise(Head):
    """A function of each entry alone."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, raw: Tensor, uniform: Tensor, symbols: Symbols) -> Tensor:
        """See `Head.forward`."""
        return self.function(raw)


def sigmoid() -> Head:
    """Each entry squeezed to (0, 1): the probability of a bit."""
    return Entrywise(torch.sigmoid)


def relu() -> Head:
    """Each entry cut off at 0, unbounded above: only which one is largest matters once decoded."""
    return Entrywise(torch.relu)


def identity() -> Head:
    """The raw output itself."""
    return Entrywise(_same)


def _same(raw: Tensor) -> Tensor:
    return raw


class Symbolwise(Head):
    """Softmax of each category, sigmoid of each bit, at a temperature τ; see the functions that make it."""

    def __init__(self, temperature: Any, draws: bool, hard: bool) -> None:
        super().__init__()
        self.temperature = Scheduled(schedule("temperature", temperature, 0, open_low=True))
        self.draws, self.hard, self.samples = draws, hard, draws and hard

    def forward(self, raw: Tensor, uniform: Tensor, symbols: Symbols) -> Tensor:
        """See `Head.forward`. Hard codes have the gradient of the soft ones."""
        if self.draws:
            raw = raw + gumbel_noise(uniform, symbols)
        soft = relaxed(raw / self.temperature.value, symbols)
        return hardened(raw, symbols) + (soft - soft.detach()) if self.hard else soft


def softmax(temperature: Any) -> Head:
    """Softmax of each category and sigmoid of each bit, of raw / τ: soft codes, without noise of their own.

    Raises:
        InvalidValueError: unless τ > 0.
    """
    return Symbolwise(temperature, draws=False, hard=False)


def straight_through(temperature: Any) -> Head:
    """The most probable symbols, hard, with the gradient of `softmax`. Bengio et al. 2013, arXiv 1308.3432.

    Raises:
        InvalidValueError: unless τ > 0.
    """
    return Symbolwise(temperature, draws=False, hard=True)


def gumbel(temperature: Any) -> Head:
    """Softmax of (raw + Gumbel noise) / τ: soft codes near drawn ones. Jang et al. 2017, arXiv 1611.01144.

    Raises:
        InvalidValueError: unless τ > 0.
    """
    return Symbolwise(temperature, draws=True, hard=False)


def gumbel_straight_through(temperature: Any) -> Head:
    """Hard codes drawn from the softmax of raw, with the gradient of `gumbel`. Jang et al. 2017, section 2.2.

    Raises:
        InvalidValueError: unless τ > 0.
    """
    return Symbolwise(temperature, draws=True, hard=True)


def _by_block(function: Callable[..., Tensor], symbols: Symbols, *tensors: Tensor) -> Tensor:
    """`function(*tensors, size)` of each category, and of each run of bits together, side by side."""
    sizes: list[int] = []
    widths: list[int] = []
    for size, run in groupby(symbols):
        count = len(list(run))
        sizes += [size] * (1 if size == 1 else count)
        widths += [count] if size == 1 else [size] * count
    if len(widths) == 1:
        return function(*tensors, sizes[0])
    parts = zip(*(tensor.split(widths, -1) for tensor in tensors), strict=True)
    return torch.cat([function(*part, size) for part, size in zip(parts, sizes, strict=True)], -1)


def relaxed(raw: Tensor, symbols: Symbols) -> Tensor:
    """Softmax of each category, sigmoid of each bit."""
    return _by_block(lambda raw, size: raw.sigmoid() if size == 1 else raw.softmax(-1), symbols, raw)


def hardened(raw: Tensor, symbols: Symbols) -> Tensor:
    """The largest of each category as a one-hot, bits above 0 as ones. Without a gradient."""

    def block(raw: Tensor, size: int) -> Tensor:
        if size == 1:
            return (raw > 0).to(raw.dtype)
        categories = torch.arange(size, device=raw.device)
        return (raw.argmax(-1, keepdim=True) == categories).to(raw.dtype)  # F.one_hot has no batching rule

    return _by_block(block, symbols, raw.detach())


def gumbel_noise(uniform: Tensor, symbols: Symbols) -> Tensor:
    """Gumbel noise for each category; for each bit logistic noise, the difference of two Gumbels.

    The largest of raw + noise is then a draw from softmax(raw) (the Gumbel-max trick).
    """

    def block(uniform: Tensor, size: int) -> Tensor:
        if size == 1:
            return uniform.logit()
        return -(-uniform.log()).log()

    return _by_block(block, symbols, uniform.clamp(LEAST_UNIFORM, 1 - LEAST_UNIFORM))


def uniform_codes(codes: Tensor, generator: torch.Generator, symbols: Symbols) -> None:
    """Overwrites [..., width] with hard codes in which every symbol is uniformly random."""
    uniform = torch.empty_like(codes).uniform_(generator=generator)
    codes.copy_(hardened(gumbel_noise(uniform, symbols), symbols))


def log_prob(raw: Tensor, codes: Tensor, symbols: Symbols) -> Tensor:
    """The log-probability [...] of hard codes under independent symbols: softmax of categories, sigmoid of bits."""

    def block(raw: Tensor, codes: Tensor, size: int) -> Tensor:
        if size == 1:
            return (codes * raw - F.softplus(raw)).sum(-1, keepdim=True)  # log σ(raw) of ones, log σ(−raw) of zeros
        return (raw.log_softmax(-1) * codes).sum(-1, keepdim=True)

    return _by_block(block, symbols, raw, codes).sum(-1)
