"""Networks with one cell for all positions: they make and read codes with any number of symbols.

Codes lie aligned at their last symbol. What stands before the first is blank (`encodings.BLANK`), and the state is the
first one until then. Gaussian noise on the states limits how much a network can remember: a discriminator that cannot
tell seen codes from unseen ones has to learn what they have in common. All symbols must be of one size.
"""

import copy
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from patterngan.data.encodings import BLANK, Symbols, digits_of, present
from patterngan.gan.cells import CELLS, Cell
from patterngan.gan.generators import AutoregressiveGenerator, AutoregressiveNetwork, Generator
from patterngan.gan.heads import Head, log_prob
from patterngan.gan.schedules import Scheduled, schedule
from patterngan.validation import InvalidValueError, UsageError, choice, number

SYMBOLS_AT_ONCE = 200_000
"""The most symbols of codes that are made together; see `GrowingGenerator.sample_digits`."""


class StateNoise(nn.Module):
    """σ times Gaussian numbers, to be added to the states after each symbol.

    Args:
        sigma: σ ≥ 0, or its schedule.
        steps: states that get noise.
        width: of a state.
    """

    def __init__(self, sigma: Any, steps: int, width: int) -> None:
        super().__init__()
        self.sigma = Scheduled(schedule("noise", sigma, 0))
        self.steps, self.width = steps, width
        self.numbers = 0 if self.sigma.schedules[0].zero else steps * width
        """Gaussian numbers that a code takes."""

    def forward(self, numbers: Tensor | None) -> list[Tensor | None]:
        """Numbers [..., steps · width], None for no noise → the noise [..., width] of each step."""
        if numbers is None or not self.numbers:
            return [None] * self.steps
        return [self.scaled(step) for step in numbers.split(self.width, -1)]

    def scaled(self, numbers: Tensor) -> Tensor:
        """σ times Gaussian numbers of any shape."""
        noise: Tensor = self.sigma.value * numbers
        return noise


class GrowingNetwork(AutoregressiveNetwork):
    """A network that makes codes with any number of symbols, all of one size. Its latents are lengths, or none."""

    symbols: int
    """How many symbols the codes have that it makes."""
    state_numbers = 0
    """Gaussian numbers that a code takes while it is made."""

    @override
    def generator(self, head: Head, latent: int, symbols: Symbols) -> Generator:
        return GrowingGenerator(self, head, latent, symbols)

    def state_noises(self, numbers: Tensor | None) -> Sequence[Tensor | None]:
        """What is added to the state after each symbol but the last, of `state_numbers` numbers."""
        return [None] * self.symbols


class GrowingGeneratorNetwork(GrowingNetwork):
    """Makes a symbol by a linear map of the state, one for each number of symbols to go; one cell makes the states.

    Beyond the length that it was trained at, the map of the most symbols to go serves for all.
    """

    def __init__(self, symbols: Sequence[int], width: int, cell: str, noise: Any = 0.0) -> None:
        super().__init__()
        size = one_size(symbols)
        self.cell: Cell = CELLS[choice("cell", cell, CELLS)](size, width)
        self.writes = nn.ModuleList(nn.Linear(width, size) for _ in symbols)
        self.state_noise = StateNoise(noise, len(symbols) - 1, width)
        self.state_numbers, self.symbols = self.state_noise.numbers, len(symbols)

    @override
    def state_noises(self, numbers: Tensor | None) -> Sequence[Tensor | None]:
        return super().state_noises(None) if numbers is None else self.state_noise(numbers)

    @override
    def initial_state(self, latent: Tensor) -> Tensor:
        first: Tensor = self.cell.first()
        return first.expand(*latent.shape[:-1], -1)

    @override
    def raw_output(self, index: int, state: Tensor) -> Tensor:
        to_go = min(self.symbols - index, len(self.writes))
        raw: Tensor = self.writes[to_go - 1](state)
        return raw

    @override
    def next_state(self, index: int, state: Tensor, symbol: Tensor) -> Tensor:
        following: Tensor = self.cell(*self.cell.read(symbol), state)
        return following


class GrowingGenerator(AutoregressiveGenerator):
    """A generator whose network makes codes with any number of symbols.

    The latents are each code's number of symbols, [..., batch, 1], or none where all have the most. Symbols before a
    code begins are blank.
    """

    @override
    def forward(self, noise: Tensor, given: Tensor | None = None, state_noise: Tensor | None = None) -> Any:
        network, lengths, head_noise = self._parts(noise)
        assert isinstance(network, GrowingNetwork)
        forced, free = self._forced(lengths, given)
        noises = network.state_noises(state_noise)
        state, raws, symbols = network.initial_state(lengths), list[Tensor](), list[Tensor]()
        for index, size in enumerate(self.symbols):
            if index:
                state = noisy(network.next_state(index - 1, state, symbols[-1]), noises[index - 1])
            raws.append(network.raw_output(index, state))
            with torch.set_grad_enabled(torch.is_grad_enabled() and given is None):
                symbol = self.head(raws[-1], head_noise[index], (size,))
                symbols.append(torch.where(free[index], symbol, forced[index]))
        codes = torch.cat(symbols, -1)
        return codes if given is None else (codes, self._log_prob(torch.cat(raws, -1), codes))

    def _forced(self, lengths: Tensor, given: Tensor | None) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """The symbols that are not drawn, [..., batch, size] each, and which are drawn, [..., batch, 1] each.

        Not drawn are blanks, and of each group of codes the first ones, which are `given` [groups, count, width].
        """
        to_go = torch.arange(len(self.symbols), 0, -1, device=lengths.device)
        free = (lengths >= to_go) if self.latent else to_go.expand(*lengths.shape[:-1], -1) > 0
        blank = torch.full_like(free, BLANK, dtype=lengths.dtype).repeat_interleave(self.symbols[0], -1)
        if given is None:
            return blank.split(self.symbols, -1), free.split(1, -1)
        groups, count, _ = given.shape
        there = free.unflatten(0, (groups, -1))
        chosen = F.pad(torch.ones_like(there[:, :count]), (0, 0, 0, there.shape[1] - count))
        forced = F.pad(given, (0, 0, 0, there.shape[1] - count)).flatten(0, 1)
        forced = torch.where(free.repeat_interleave(self.symbols[0], -1), forced, blank)
        return forced.split(self.symbols, -1), (free & ~chosen.flatten(0, 1)).split(1, -1)

    def _log_prob(self, raw: Tensor, codes: Tensor) -> Tensor:
        """The log-probability [batch] of the symbols that are there, side by side as the raw outputs are."""
        size = self.symbols[0]
        raw, symbols = (part.unflatten(-1, (-1, size)) for part in (raw, codes))
        return log_prob(raw, symbols, (size,)).masked_fill(~present(symbols).squeeze(-1), 0).sum(-1)

    def lengthened(self, symbols: int) -> "GrowingGenerator":
        """The generator of codes with so many symbols; it shares this one's weights."""
        network = copy.copy(self[0])
        assert isinstance(network, GrowingNetwork)
        network.symbols = symbols
        return type(self)(network, self.head, self.latent, self.symbols[:1] * symbols)

    def sample_digits(self, count: int, source: torch.Generator) -> Tensor:
        """Digits of `count` generated codes, int64 [count, symbols], drawn with `source` on its device.

        Codes are made some at a time: a transformer keeps what it knows of every symbol before, gigabytes for many.
        """
        uniform = torch.rand(count, sum(self.symbols), generator=source, device=source.device)
        noise = F.pad(uniform, (self.latent, 0), value=float(len(self.symbols)))
        parts = noise.to(next(self.parameters()).dtype).split(max(1, SYMBOLS_AT_ONCE // len(self.symbols)))
        return torch.cat([digits_of(self(part), self.symbols[0]) for part in parts])


class GrowingDiscriminator(nn.Module):
    """Reads a code by one cell; the outputs are a perceptron of the last state, plus a bias for each length.

    Args:
        symbols: the sizes of a code's symbols.
        outputs: of the perceptron.
        width: numbers in a state.
        cell: one of `CELLS`.
        noise: σ of the noise on the states, or its schedule.
        dropout: the probability that a number of the last state is dropped in a step, from 0 to below 1.
            Srivastava et al. 2014, JMLR 15.
    """

    reads_blanks = True
    """Whether symbols below 0 are blanks to it, so that codes must not get noise."""

    def __init__(
        self, symbols: Sequence[int], outputs: int, width: int, cell: str, noise: Any = 0.0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.size = one_size(symbols)
        self.cell: Cell = CELLS[choice("cell", cell, CELLS)](self.size, width)
        self.hidden, self.sums = nn.Linear(width, width), nn.Linear(width, outputs)
        self.starts = nn.Linear(len(symbols), outputs, bias=False)
        self.state_noise, self.dropout = StateNoise(noise, len(symbols), width), number("dropout", dropout, 0, 1)
        if self.dropout == 1:
            raise InvalidValueError("dropout", dropout, "must be below 1")
        self.state_numbers = self.state_noise.numbers + (width if self.dropout else 0)
        """Gaussian numbers that a code takes while it is read."""

    def forward(self, codes: Tensor, noise: Tensor | None = None) -> Tensor:
        """Codes [..., width] → [..., outputs].

        `noise`: Gaussian numbers [..., `state_numbers`], those of dropout last; without them nothing is random.
        """
        symbols = codes.unflatten(-1, (-1, self.size))
        state = self.cell.first().expand(*codes.shape[:-1], -1)
        reads = zip(*(part.unbind(-2) for part in self.cell.read(symbols)), strict=True)
        noises = None if noise is None else noise[..., : self.state_noise.numbers]
        for read, numbers in zip(reads, self.state_noise(noises), strict=True):
            state = noisy(self.cell(*read, state), numbers)
        if noise is not None and self.dropout:
            kept = noise[..., self.state_noise.numbers :] >= NormalDist().inv_cdf(self.dropout)
            state = state * kept / (1 - self.dropout)
        starts = self.starts(firsts(present(symbols).squeeze(-1), codes))
        outputs: Tensor = self.outputs_of(state) + starts
        return outputs

    def outputs_of(self, state: Tensor) -> Tensor:
        """The outputs [..., outputs] for codes that end in these states [..., width], without the bias of lengths."""
        outputs: Tensor = self.sums(F.leaky_relu(self.hidden(state), 0.2))
        return outputs


def firsts(there: Tensor, like: Tensor) -> Tensor:
    """Which symbols are the first ones of codes, 0 or 1 [..., symbols] of the type of `like`; `there`: which are."""
    numbers = there.to(like.dtype)
    return numbers - F.pad(numbers, (1, -1))


def noisy(state: Tensor, noise: Tensor | None) -> Tensor:
    """States with noise, if there is any."""
    return state if noise is None else state + noise


def state_numbers(network: nn.Module) -> int:
    """How many Gaussian numbers a network takes while it makes or reads one code."""
    return int(getattr(network, "state_numbers", 0))


def one_size(symbols: Sequence[int]) -> int:
    """The size of all symbols.

    Raises:
        UsageError: if they are of different sizes.
    """
    sizes = sorted(set(symbols))
    if len(sizes) > 1:
        allowed = f"symbols must be of one size, not of {sizes}; use encoding=binary or digits"
        raise UsageError(f"architecture: all positions are read alike, {allowed}")
    return sizes[0]
