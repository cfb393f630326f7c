"""Cells: how a recurrent network goes from a state and a symbol to the next state, the same at all positions.

A second-order cell has a matrix for each symbol: a finite automaton, whose next state depends on state and symbol
together, is then easy to learn. Where inputs are added to the state, as in a gated cell, it is not.
"""

import torch
from torch import Tensor, nn
from typing_extensions import override

from patterngan.data.encodings import present
from patterngan.gan import recurrent
from patterngan.gan.enumeration import choices
from patterngan.validation import integer


def kinds_of(symbols: Tensor, size: int) -> Tensor:
    """One-hots [..., choices + 1] of what hard symbols [..., size] are, the last entry for a blank."""
    values = torch.arange(2, device=symbols.device) if size == 1 else torch.ones((), device=symbols.device)
    return torch.cat([symbols == values, ~present(symbols)], -1).to(symbols.dtype)


class Cell(nn.Module):
    """From a state and a symbol to the next state, the same at all positions."""

    differentiable = True
    """Whether gradients go back through the symbols that it reads."""

    def first(self) -> Tensor:
        """The state [width] before a code begins."""
        raise NotImplementedError

    def read(self, symbols: Tensor) -> tuple[Tensor, ...]:
        """Symbols [..., size] → what the next states depend on, which may be read at all positions at once."""
        raise NotImplementedError

    def forward(self, *read: Tensor) -> Tensor:
        """What was read of a symbol, then states [..., width] → the next states; the first one after a blank."""
        raise NotImplementedError


class SecondOrderCell(Cell):
    """h' = tanh(A_b h + c_b) after the symbol b. Before a code begins the state is tanh(c), with a c of its own.

    Source: Giles et al. 1992, Learning and extracting finite state automata with second-order recurrent neural
    networks, Neural Computation 4(3).
    """

    differentiable = False  # it compares symbols

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        width, count = integer("width", width, 1, 2**16), choices((size,))
        self.size, self.width = size, width
        self.maps = nn.Linear(width, count * width, bias=False)
        self.biases = nn.Linear(count + 1, width, bias=False)
        for part in (self.maps, self.biases):
            nn.init.uniform_(part.weight, -(width**-0.5), width**-0.5)

    @override
    def first(self) -> Tensor:
        return self.biases.weight[:, -1].tanh()

    @override
    def read(self, symbols: Tensor) -> tuple[Tensor, ...]:
        """Symbols → one-hots [..., choices + 1] of what they are, the last entry for a blank."""
        return (kinds_of(symbols, self.size),)

    @override
    def forward(self, *read: Tensor) -> Tensor:
        kinds, state = read
        following: Tensor = self.biases(kinds)
        for one, mapped in zip(kinds[..., :-1].split(1, -1), self.maps(state).split(self.width, -1), strict=True):
            following = torch.addcmul(following, one, mapped)
        return torch.tanh(following)


class OrthogonalCell(SecondOrderCell):
    """A second-order cell whose matrices start orthogonal.

    An orthogonal matrix keeps the length of a state, and of a gradient on its way back: at the start of training the
    first symbols of a long code count as well as its last ones. Source: Saxe et al. 2014, arXiv 1312.6120.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__(size, width)
        for matrix in self.maps.weight.split(width):
            nn.init.orthogonal_(matrix)


class GatedCell(Cell):
    """A gated recurrent unit, whose weights all positions share; see `recurrent.Cell`."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        width = integer("width", width, 1, 2**16)
        self.reads, self.gates = nn.Linear(size, 3 * width), recurrent.Cell(width)
        self.start = nn.Parameter(torch.zeros(width))

    @override
    def first(self) -> Tensor:
        return self.start

    @override
    def read(self, symbols: Tensor) -> tuple[Tensor, ...]:
        """Symbols → their part in the gates [..., 3·width], and whether they are there, bool [..., 1]."""
        return self.reads(symbols), present(symbols)

    @override
    def forward(self, *read: Tensor) -> Tensor:
        gates, there, state = read
        return torch.where(there, self.gates(gates, state), self.start)


CELLS: dict[str, type[SecondOrderCell] | type[GatedCell]] = {
    "second_order": SecondOrderCell,
    "orthogonal": OrthogonalCell,
    "gated": GatedCell,
}
