"""Networks that read and write a code one symbol at a time.

Reading bits from the most significant, a network can carry the remainder so far as its state: 2·state + bit, modulo k.
Everything is linear maps and gates: `nn.GRUCell` has no batching rule, and would not fuse.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from patterngan.gan.generators import Writer
from patterngan.validation import integer


class Cell(nn.Module):
    """A gated recurrent unit. Cho et al. 2014, arXiv 1406.1078, with the reset gate as in cuDNN."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.recur = nn.Linear(width, 3 * width)

    def forward(self, seen: Tensor, state: Tensor) -> Tensor:
        """What was read [batch, 3·width], of reset, update and candidate, and the state [batch, width] → the next."""
        reset_seen, update_seen, candidate_seen = seen.chunk(3, -1)
        reset_state, update_state, candidate_state = self.recur(state).chunk(3, -1)
        reset, update = (reset_seen + reset_state).sigmoid(), (update_seen + update_state).sigmoid()
        candidate = (candidate_seen + reset * candidate_state).tanh()
        following: Tensor = candidate + update * (state - candidate)
        return following


class RecurrentWriter(Writer):
    """Writes a code, see `generators.Writer`. The cell is the same at every symbol; reading and writing are its own."""

    def __init__(self, inputs: int, symbols: Sequence[int], width: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.zeros(width))
        self.latent = nn.Linear(inputs, width, bias=False) if inputs else None
        self.cell = Cell(width) if len(symbols) > 1 else nn.Identity()  # what is used never would not be trained
        self.reads = nn.ModuleList(nn.Linear(size, 3 * width) for size in symbols[:-1])
        self.writes = nn.ModuleList(nn.Linear(width, size) for size in symbols)

    def start(self, latent: Tensor) -> Tensor:
        """See `Writer.start`."""
        state = self.first.expand(*latent.shape[:-1], -1)
        return state if self.latent is None else state + self.latent(latent)

    def raw(self, index: int, state: Tensor) -> Tensor:
        """See `Writer.raw`."""
        written: Tensor = self.writes[index](state)
        return written

    def read(self, index: int, state: Tensor, symbol: Tensor) -> Tensor:
        """See `Writer.read`."""
        following: Tensor = self.cell(self.reads[index](symbol), state)
        return following


class RecurrentReader(nn.Module):
    """Reads a code and sums up its last state in `outputs` numbers: a discriminator."""

    def __init__(self, symbols: Sequence[int], outputs: int, width: int) -> None:
        super().__init__()
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
        summed: Tensor = self.sums(state)
        return summed


class MlpWriter(Writer):
    """Writes a code, see `generators.Writer`: each symbol by a hidden layer of its own and one that all share.

    The state is what a layer can see: the latents, and the code so far with zeros for what is not yet written.
    """

    def __init__(self, inputs: int, symbols: Sequence[int], width: int) -> None:
        super().__init__()
        self.symbols = tuple(symbols)
        self.firsts = nn.ModuleList(nn.Linear(inputs + sum(symbols), width) for _ in symbols)
        self.shared = nn.Linear(width, width)
        self.writes = nn.ModuleList(nn.Linear(width, size) for size in symbols)

    def start(self, latent: Tensor) -> Tensor:
        """See `Writer.start`."""
        return F.pad(latent, (0, sum(self.symbols)))

    def raw(self, index: int, state: Tensor) -> Tensor:
        """See `Writer.raw`."""
        hidden = F.leaky_relu(self.shared(F.leaky_relu(self.firsts[index](state), 0.2)), 0.2)
        written: Tensor = self.writes[index](hidden)
        return written

    def read(self, index: int, state: Tensor, symbol: Tensor) -> Tensor:
        """See `Writer.read`."""
        after = sum(self.symbols[index + 1 :])
        return state + F.pad(symbol, (state.shape[-1] - after - symbol.shape[-1], after))


def recurrent_writer(inputs: int, symbols: Sequence[int], width: int) -> nn.Module:
    """A generator's network that writes one symbol after another, by a gated recurrent unit.

    Raises:
        InvalidValueError: unless 1 ≤ width ≤ 2^16.
    """
    return RecurrentWriter(inputs, symbols, integer("width", width, 1, 2**16))


def recurrent_reader(symbols: Sequence[int], outputs: int, width: int) -> nn.Module:
    """A discriminator that reads one symbol after another, by a gated recurrent unit.

    Raises:
        InvalidValueError: unless 1 ≤ width ≤ 2^16.
    """
    return RecurrentReader(symbols, outputs, integer("width", width, 1, 2**16))


def mlp_writer(inputs: int, symbols: Sequence[int], width: int) -> nn.Module:
    """A generator's network that writes one symbol after another, by hidden layers that see all symbols before.

    Raises:
        InvalidValueError: unless 1 ≤ width ≤ 2^16.
    """
    return MlpWriter(inputs, symbols, integer("width", width, 1, 2**16))
