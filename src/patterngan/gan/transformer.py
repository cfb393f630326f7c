"""Causal transformers that make and read codes with any number of symbols: the usual alternative to one cell.

Codes lie aligned at their last symbol, and a position is known by the number of symbols to go, so that the last symbols
of short and of long codes have the same place. Every position looks at those of the code up to itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from patterngan.data.encodings import BLANK, Symbols, present
from patterngan.gan.cells import kinds_of
from patterngan.gan.enumeration import choices
from patterngan.gan.generators import Generator
from patterngan.gan.growing import GrowingGenerator, GrowingNetwork, StateNoise, firsts, one_size
from patterngan.gan.heads import Head
from patterngan.validation import InvalidValueError, integer


class Block(nn.Module):
    """A layer: attention, then a perceptron, each added to what it reads and normalised.

    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.1. It is made of products and a softmax, since a population
    would loop over the members for what has no batching rule.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.asks, self.offers = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.joins, self.attended = nn.Linear(width, width), nn.LayerNorm(width)
        self.rises, self.falls = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.finished = nn.LayerNorm(width)

    def forward(self, states: Tensor, offered: Tensor, visible: Tensor) -> Tensor:
        """States [..., positions, width] → those after this layer.

        Args:
            states: of the positions that look.
            offered: keys and values of the positions that are looked at, [..., others, 2 · width].
            visible: which of these each position sees, bool [..., positions, others].
        """
        asked, keys, values = (
            part.unflatten(-1, (self.heads, -1)).transpose(-2, -3)
            for part in (self.asks(states), *offered.chunk(2, -1))
        )
        scores = keys @ asked.transpose(-1, -2) * asked.shape[-1] ** -0.5
        hidden = ~visible.transpose(-1, -2).unsqueeze(-3)
        shares = scores.masked_fill(hidden, -torch.inf).softmax(-2).transpose(-1, -2)  # the last axis takes 3 times it
        states = self.attended(states + self.joins((shares @ values).transpose(-2, -3).flatten(-2)))
        following: Tensor = self.finished(states + self.falls(F.relu(self.rises(states))))
        return following


class Layers(nn.Module):
    """From symbols to the states of their positions: an embedding of symbol and position, then blocks.

    Args:
        symbols: the sizes of a code's symbols.
        width: numbers in a state.
        layers: how many blocks, 1 to 16.
        heads: of each block; they divide the width.
    """

    differentiable = False  # it compares symbols

    def __init__(self, symbols: Sequence[int], width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.size, self.width = one_size(symbols), integer("width", width, 1, 2**16)
        if self.width % integer("heads", heads, 1, 2**16):
            raise InvalidValueError("heads", heads, f"must divide width={width}")
        self.kinds = nn.Linear(choices((self.size,)) + 1, width, bias=False)
        self.places, self.embedded = nn.Embedding(len(symbols), width), nn.LayerNorm(width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(integer("layers", layers, 1, 16)))

    def each(self) -> Iterator[Block]:
        """The blocks, the first one first."""
        for block in self.blocks:
            assert isinstance(block, Block)
            yield block

    def embed(self, symbols: Tensor, to_go: Tensor) -> Tensor:
        """The first states [..., positions, width] of symbols [..., positions, size], and of blanks.

        `to_go`: of each position, how many symbols are still to be made or read, 1 or more. More than a code of
        training has are taken for as many as that.
        """
        places = self.places(to_go.clamp(max=self.places.num_embeddings) - 1)
        states: Tensor = self.embedded(self.kinds(kinds_of(symbols, self.size)) + places)
        return states


def visible(there: Tensor) -> Tensor:
    """Which positions each one sees, bool [..., positions, positions]: itself, and those before it that are `there`."""
    positions = there.shape[-1]
    own = torch.eye(positions, dtype=torch.bool, device=there.device)
    before = torch.ones(positions, positions, device=there.device).tril(-1) > 0
    return own | (before & there.unsqueeze(-2))


class TransformerGeneratorNetwork(GrowingNetwork):
    """Makes a symbol by a linear map of the last position's state, of the symbols that were made before it.

    Beyond the length that it was trained at, all positions further from the end than that have one embedding: what it
    learned of the last symbols holds, but it cannot tell the positions before them apart.

    The state that `next_state` returns is [..., positions, 1 + (2 · layers + 1) · width]: of each position so far
    whether the symbol that it read is there, the keys and values that it offers in each layer, and its last state.
    """

    def __init__(self, symbols: Sequence[int], width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.layers = Layers(symbols, width, layers, heads)
        self.writes = nn.Linear(width, self.layers.size)
        self.symbols = len(symbols)

    @override
    def generator(self, head: Head, latent: int, symbols: Symbols) -> Generator:
        return TransformerGenerator(self, head, latent, symbols)

    @override
    def initial_state(self, latent: Tensor) -> Tensor:
        begin = torch.full((*latent.shape[:-1], self.layers.size), BLANK, dtype=latent.dtype, device=latent.device)
        offered = self.layers.width * 2 * len(self.layers.blocks)
        nothing = begin.new_zeros(*begin.shape[:-1], 0, 1 + offered + self.layers.width)
        return self._appended(nothing, begin, self.symbols)

    @override
    def next_state(self, index: int, state: Tensor, symbol: Tensor) -> Tensor:
        return self._appended(state, symbol, self.symbols - index - 1)

    def _appended(self, state: Tensor, symbol: Tensor, to_go: int) -> Tensor:
        """A state with one position more, which reads a symbol [..., size]."""
        place = torch.full((1,), to_go, device=symbol.device)
        states, there = self.layers.embed(symbol.unsqueeze(-2), place), present(symbol)
        sees = torch.cat([state[..., 1:, 0] > 0, there, torch.ones_like(there)], -1)[..., -state.shape[-2] - 1 :]
        row, column = [there.to(state.dtype).unsqueeze(-2)], 1
        for block in self.layers.each():
            row.append(block.offers(states))
            offered = torch.cat([state[..., column : column + 2 * self.layers.width], row[-1]], -2)
            states, column = block(states, offered, sees.unsqueeze(-2)), column + 2 * self.layers.width
        return torch.cat([state, torch.cat([*row, states], -1)], -2)

    @override
    def raw_output(self, index: int, state: Tensor) -> Tensor:
        raw: Tensor = self.writes(state[..., -1, -self.layers.width :])
        return raw

    def raws_of(self, codes: Tensor) -> Tensor:
        """The raw outputs [..., width] for all symbols of codes, each of the symbols before it, in one pass."""
        symbols = codes.unflatten(-1, (-1, self.layers.size))
        to_go = torch.arange(self.symbols, 0, -1, device=codes.device)
        states = self.layers.embed(F.pad(symbols, (0, 0, 1, -1), value=BLANK), to_go)
        sees = visible(present(symbols).squeeze(-1))
        for block in self.layers.each():
            states = block(states, block.offers(states), sees)
        raws: Tensor = self.writes(states)
        return raws.flatten(-2)


class TransformerGenerator(GrowingGenerator):
    """A generator whose network knows the log-probabilities of whole codes in one pass, once they are drawn."""

    @override
    def forward(self, noise: Tensor, given: Tensor | None = None, state_noise: Tensor | None = None) -> Any:
        if given is None:
            return super().forward(noise)
        network, lengths, _ = self._parts(noise)
        assert isinstance(network, TransformerGeneratorNetwork)
        if given.shape[0] * given.shape[1] == len(noise):
            codes = torch.cat([*self._forced(lengths, given)[0]], -1)
        else:
            with torch.no_grad():
                codes, _ = super().forward(noise, given)
        return codes, self._log_prob(network.raws_of(codes), codes)


class TransformerDiscriminator(nn.Module):
    """Reads a code; the outputs are a linear map of the last position's state, plus a bias for each length.

    Args:
        symbols: the sizes of a code's symbols.
        outputs: of the linear map.
        width: numbers in a state.
        layers: how many blocks.
        heads: of each block.
        noise: σ of the noise on the states that the last block reads, which are normalised; or its schedule.
    """

    reads_blanks = True

    def __init__(
        self, symbols: Sequence[int], outputs: int, width: int, layers: int, heads: int, noise: Any = 0.0
    ) -> None:
        super().__init__()
        self.layers = Layers(symbols, width, layers, heads)
        self.sums, self.starts = nn.Linear(width, outputs), nn.Linear(len(symbols), outputs, bias=False)
        self.state_noise = StateNoise(noise, len(symbols), width)
        self.state_numbers = self.state_noise.numbers
        """Gaussian numbers that a code takes while it is read."""

    def forward(self, codes: Tensor, noise: Tensor | None = None) -> Tensor:
        """Codes [..., width] → [..., outputs].

        `noise`: Gaussian numbers [..., `state_numbers`]; without them nothing is random.
        """
        symbols = codes.unflatten(-1, (-1, self.layers.size))
        there = present(symbols).squeeze(-1)
        states = self.layers.embed(symbols, torch.arange(there.shape[-1], 0, -1, device=codes.device))
        sees = visible(there)
        *first, last = self.layers.each()
        for block in first:
            states = block(states, block.offers(states), sees)
        if noise is not None and self.state_numbers:
            states = states + self.state_noise.scaled(noise).unflatten(-1, (-1, self.layers.width))
        final = last(states[..., -1:, :], last.offers(states), sees[..., -1:, :]).squeeze(-2)
        outputs: Tensor = self.sums(final) + self.starts(firsts(there, codes))
        return outputs
