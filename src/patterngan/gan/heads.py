"""Heads: functions from the generator's raw output to codes.

Real codes are hard: zeros and ones. A discriminator with a hidden layer tells soft codes from hard ones, whatever
integers they stand for. Straight-through heads therefore give hard codes with the gradient of soft ones.

A code consists of symbols (`Encoding.symbols`): bits, and categories written as one-hots. Raw outputs, codes and a
head's noise are [..., width], the symbols side by side.
"""

from collections.abc import Callable
from itertools import chain, groupby
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from patterngan.data.encodings import Symbols
from patterngan.gan.schedules import Scheduled, schedule

LEAST_UNIFORM = 1e-7
"""Uniform numbers are clamped this far from 0 and 1, where Gumbel noise is infinite."""


class Head(nn.Module):
    """A function from raw outputs to codes."""

    draws = False
    """Whether it reads uniform numbers, one for each entry of a code."""
    samples = False
    """Whether its codes are hard samples of the law whose logarithm is `log_prob`."""

    def forward(self, raw: Tensor, noise: Tensor, symbols: Symbols) -> Tensor:
        """Raw outputs [..., width] of these symbols → codes [..., width].

        `noise` has numbers [..., width] for a head that draws, else [..., 0].
        """
        raise NotImplementedError

    def noise(self, uniform: Tensor, symbols: Symbols) -> Tensor:
        """Uniform numbers → the noise that `forward` reads, of the same shape. Here: the uniform numbers themselves."""
        return uniform


class Entrywise(Head):
    """Applies one function to every entry."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    @override
    def forward(self, raw: Tensor, noise: Tensor, symbols: Symbols) -> Tensor:
        return self.function(raw)


def sigmoid() -> Head:
    """The logistic function of each entry, in (0, 1): the probability of a bit."""
    return Entrywise(torch.sigmoid)


def relu() -> Head:
    """max(0, l) of each entry, unbounded above: for one-hots, which are decoded by their largest entry."""
    return Entrywise(torch.relu)


def identity() -> Head:
    """The raw output itself."""
    return Entrywise(nn.Identity())


class Symbolwise(Head):
    """Softmax of each category and sigmoid of each bit, at a temperature τ.

    Args:
        temperature: τ > 0, or its schedule.
        draws: whether Gumbel noise is added first.
        hard: whether codes are rounded, with the gradient of the soft ones.
    """

    def __init__(self, temperature: Any, draws: bool, hard: bool) -> None:
        super().__init__()
        self.temperature = Scheduled(schedule("temperature", temperature, 0, open_low=True))
        self.draws, self.hard, self.samples = draws, hard, draws and hard

    @override
    def noise(self, uniform: Tensor, symbols: Symbols) -> Tensor:
        return gumbel_noise(uniform, symbols) if self.draws else uniform

    @override
    def forward(self, raw: Tensor, noise: Tensor, symbols: Symbols) -> Tensor:
        if self.draws:
            raw = raw + noise
        if self.hard and not torch.is_grad_enabled():
            return hardened(raw, symbols)
        soft = relaxed(raw / self.temperature.value, symbols)
        return hardened(raw, symbols) + (soft - soft.detach()) if self.hard else soft


def softmax(temperature: Any) -> Head:
    """Soft codes: softmax of each category and sigmoid of each bit, of raw / τ."""
    return Symbolwise(temperature, draws=False, hard=False)


def straight_through(temperature: Any) -> Head:
    """The most probable symbols, hard, with the gradient of `softmax`. Bengio et al. 2013, arXiv 1308.3432."""
    return Symbolwise(temperature, draws=False, hard=True)


def gumbel(temperature: Any) -> Head:
    """Soft codes: softmax of (raw + Gumbel noise) / τ, hard in the limit τ → 0. Jang et al. 2017, arXiv 1611.01144."""
    return Symbolwise(temperature, draws=True, hard=False)


def gumbel_straight_through(temperature: Any) -> Head:
    """Hard codes drawn from the softmax of raw, with the gradient of `gumbel`. Jang et al. 2017, section 2.2."""
    return Symbolwise(temperature, draws=True, hard=True)


def _by_block(function: Callable[..., Tensor], symbols: Symbols, *tensors: Tensor) -> Tensor:
    """[..., width]: `function(*tensors, size)` of each category, and once of each run of bits, side by side."""
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
    """Hard codes without a gradient: a one-hot of each category's largest entry, a one for each bit above 0."""

    def block(raw: Tensor, size: int) -> Tensor:
        if size == 1:
            return (raw > 0).to(raw.dtype)
        categories = torch.arange(size, device=raw.device)
        return (raw.argmax(-1, keepdim=True) == categories).to(raw.dtype)  # F.one_hot has no batching rule

    return _by_block(block, symbols, raw.detach())


def gumbel_noise(uniform: Tensor, symbols: Symbols) -> Tensor:
    """Noise [..., width]: Gumbel for categories; for bits logistic, the difference of two Gumbels.

    The largest entry of raw + noise is then a sample of softmax(raw): the Gumbel-max trick.
    """

    def block(uniform: Tensor, size: int) -> Tensor:
        return uniform.logit() if size == 1 else -(-uniform.log()).log()

    kinds = groupby(symbols, lambda size: size == 1)
    blocks = tuple(
        chain.from_iterable(run if bits else [sum(run)] for bits, run in kinds)
    )  # neighbouring categories as one
    return _by_block(block, blocks, uniform.clamp(LEAST_UNIFORM, 1 - LEAST_UNIFORM))


def uniform_codes(codes: Tensor, generator: torch.Generator, symbols: Symbols) -> None:
    """Overwrites [..., width] with hard codes in which every symbol is uniformly random."""
    uniform = torch.empty_like(codes).uniform_(generator=generator)
    codes.copy_(hardened(uniform - 0.5, symbols))  # as with Gumbel noise, which grows with the uniform numbers


def log_prob(raw: Tensor, codes: Tensor, symbols: Symbols) -> Tensor:
    """The log-probability [...] of hard codes whose symbols are independent: softmax categories, sigmoid bits."""

    def block(raw: Tensor, codes: Tensor, size: int) -> Tensor:
        if size == 1:
            return (codes * raw - F.softplus(raw)).sum(-1, keepdim=True)  # log σ(raw) of ones, log σ(−raw) of zeros
        return (raw.log_softmax(-1) * codes).sum(-1, keepdim=True)

    return _by_block(block, symbols, raw, codes).sum(-1)


def every_log_prob(raw: Tensor) -> Tensor:
    """The log-probabilities of all symbols of one size, [..., size] → [..., symbols]: of a bit, off and on."""
    return raw.log_softmax(-1) if raw.shape[-1] > 1 else F.logsigmoid(torch.cat([-raw, raw], -1))
