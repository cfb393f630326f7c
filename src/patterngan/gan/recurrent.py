"""Networks that make or read a code one symbol after another.

Reading bits from the most significant, a network can keep the remainder so far in its state: 2·state + bit, modulo k.
The cell is made of linear maps and gates: `nn.GRUCell` has no batching rule, so a population would loop over members.
A network's `width` is from 1 to 2^16.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from patterngan.gan.generators import AutoregressiveNetwork
from patterngan.validation import integer


class Cell(nn.Module):
    """A gated recurrent unit. Cho et al. 2014, arXiv 1406.1078, with the reset gate as in cuDNN."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.recur = nn.Linear(width, 3 * width)

    def forward(self, inputs: Tensor, state: Tensor) -> Tensor:
        """The next state [..., width], of the state and of the input's part in the gates, [..., 3·width].

        The three parts are those of the reset gate, the update gate and the candidate.
        """
        reset_inputs, update_inputs, candidate_inputs = inputs.chunk(3, -1)
        reset_state, update_state, candidate_state = self.recur(state).chunk(3, -1)
        reset, update = (reset_inputs + reset_state).sigmoid(), (update_inputs + update_state).sigmoid()
        candidate = (candidate_inputs + reset * candidate_state).tanh()
        next_state: Tensor = candidate + update * (state - candidate)
        return next_state


class RecurrentGeneratorNetwork(AutoregressiveNetwork):
    """Makes a code by one recurrent cell; each symbol has linear maps of its own into the cell and out of it."""

    def __init__(self, inputs: int, symbols: Sequence[int], width: int) -> None:
        super().__init__()
        width = integer("width", width, 1, 2**16)
        self.first = nn.Parameter(torch.zeros(width))
        self.latent = nn.Linear(inputs, width, bias=False) if inputs else None
        self.cell = Cell(width) if len(symbols) > 1 else nn.Identity()  # a cell without use would get no gradient
        self.reads = nn.ModuleList(nn.Linear(size, 3 * width) for size in symbols[:-1])
        self.writes = nn.ModuleList(nn.Linear(width, size) for size in symbols)

    @override
    def initial_state(self, latent: Tensor) -> Tensor:
        state = self.first.expand(*latent.shape[:-1], -1)
        return state if self.latent is None else state + self.latent(latent)

    @override
    def raw_output(self, index: int, state: Tensor) -> Tensor:
        raw: Tensor = self.writes[index](state)
        return raw

    @override
    def next_state(self, index: int, state: Tensor, symbol: Tensor) -> Tensor:
        following: Tensor = self.cell(self.reads[index](symbol), state)
        return following


class RecurrentDiscriminator(nn.Module):
    """Reads a code by one recurrent cell; the outputs are a linear map of the last state."""

    def __init__(self, symbols: Sequence[int], outputs: int, width: int) -> None:
        super().__init__()
        width = integer("width", width, 1, 2**16)
        self.symbols = tuple(symbols)
        self.first = nn.Parameter(torch.zeros(width))
        self.cell = Cell(width)
        self.reads = nn.ModuleList(nn.Linear(size, 3 * width) for size in symbols)
        self.sums = nn.Linear(width, outputs)

    def forward(self, codes: Tensor) -> Tensor:
        """[..., code's width] → [..., outputs]."""
        state = self.first.expand(*codes.shape[:-1], -1)
        for read, symbol in zip(self.reads, codes.split(self.symbols, -1), strict=True):
            state = self.cell(read(symbol), state)
        outputs: Tensor = self.sums(state)
        return outputs


class AutoregressiveMlp(AutoregressiveNetwork):
    """Makes a code by hidden layers that see all symbols before: a first one for each symbol, a second one for all.

    The state is the input of the first: the latents and the code, with zeros in place of symbols not yet made.
    """

    def __init__(self, inputs: int, symbols: Sequence[int], width: int) -> None:
        super().__init__()
        width = integer("width", width, 1, 2**16)
        self.symbols = tuple(symbols)
        self.firsts = nn.ModuleList(nn.Linear(inputs + sum(symbols), width) for _ in symbols)
        self.shared = nn.Linear(width, width)
        self.writes = nn.ModuleList(nn.Linear(width, size) for size in symbols)

    @override
    def initial_state(self, latent: Tensor) -> Tensor:
        return F.pad(latent, (0, sum(self.symbols)))

    @override
    def raw_output(self, index: int, state: Tensor) -> Tensor:
        raw: Tensor = self.writes[index](self._hidden(self.firsts[index](state)))
        return raw

    @override
    def raw_outputs(self, states: Sequence[Tensor]) -> list[Tensor]:
        hidden = self._hidden(torch.cat([first(state) for first, state in zip(self.firsts, states, strict=False)]))
        parts = hidden.split([len(state) for state in states])  # one product with the shared weights, not one for each
        return [write(part) for write, part in zip(self.writes, parts, strict=False)]

    def _hidden(self, first: Tensor) -> Tensor:
        return F.leaky_relu(self.shared(F.leaky_relu(first, 0.2)), 0.2)

    @override
    def next_state(self, index: int, state: Tensor, symbol: Tensor) -> Tensor:
        after = sum(self.symbols[index + 1 :])
        return state + F.pad(symbol, (state.shape[-1] - after - symbol.shape[-1], after))
