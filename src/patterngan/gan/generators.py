"""Generators: a network and a head, joined to a function from noise to codes."""

from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from patterngan.data.encodings import Symbols
from patterngan.gan.heads import Head, log_prob


class AutoregressiveNetwork(nn.Module):
    """A network that makes a code one symbol after another, each from the latents and the symbols before it.

    The rows of a batch are independent: one may stand for all codes that begin with the same symbols.
    """

    def initial_state(self, latent: Tensor) -> Tensor:
        """Latents [batch, dim] → the state [batch, ...] before the first symbol."""
        raise NotImplementedError

    def raw_output(self, index: int, state: Tensor) -> Tensor:
        """The raw output [batch, size] for the symbol `index`, of the state before it."""
        raise NotImplementedError

    def next_state(self, index: int, state: Tensor, symbol: Tensor) -> Tensor:
        """The state after the symbol `index`, [batch, size]."""
        raise NotImplementedError


class Generator(nn.Sequential):
    """A network from latents to raw outputs, then a head.

    Noise is [..., batch, latent + uniform]: the latents for the network, then the uniform numbers for the head.
    """

    def __init__(self, network: nn.Module, head: Head, latent: int, symbols: Symbols) -> None:
        super().__init__(network, head)
        self.latent, self.symbols = latent, tuple(symbols)

    @property
    def head(self) -> Head:
        """The module from raw outputs to codes."""
        head = self[1]
        assert isinstance(head, Head)
        return head

    def forward(self, noise: Tensor, given: Tensor | None = None) -> Any:
        """What `made` returns; with given codes, what `weighed` returns. A population calls nothing else."""
        return self.made(noise) if given is None else self.weighed(noise, given)

    def made(self, noise: Tensor) -> Tensor:
        """Noise → codes [..., batch, width]."""
        codes: Tensor = self.head(self[0](noise[..., : self.latent]), noise[..., self.latent :], self.symbols)
        return codes

    def weighed(self, noise: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Noise [batch, dim] → hard codes [batch, width] without a gradient, and their log-probabilities [batch].

        These are log p(codes | latents), over the head's uniform numbers. The codes are drawn, but for the first ones
        of each group, which are `given` [groups, count, width].
        """
        raw = self[0](noise[:, : self.latent])
        with torch.no_grad():
            codes = replaced(self.head(raw, noise[:, self.latent :], self.symbols), given)
        return codes, log_prob(raw, codes, self.symbols)


class AutoregressiveGenerator(Generator):
    """An autoregressive network, and a head that makes each of its raw outputs a symbol.

    The log-probability of a code is exact: the sum over its symbols, each given those before it.
    """

    def _parts(self, noise: Tensor) -> tuple[AutoregressiveNetwork, Tensor, tuple[Tensor, ...]]:
        """The network, its latents, and the head's numbers for each symbol."""
        network, uniform = self[0], noise[..., self.latent :]
        assert isinstance(network, AutoregressiveNetwork)
        sizes = self.symbols if self.head.draws else [0] * len(self.symbols)
        return network, noise[..., : self.latent], torch.split(uniform, list(sizes), -1)

    @override
    def made(self, noise: Tensor) -> Tensor:
        network, latent, uniform = self._parts(noise)
        state = network.initial_state(latent)
        symbols: list[Tensor] = []
        for index, size in enumerate(self.symbols):
            if index:
                state = network.next_state(index - 1, state, symbols[-1])
            symbols.append(self.head(network.raw_output(index, state), uniform[index], (size,)))
        return torch.cat(symbols, -1)

    @override
    def weighed(self, noise: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        network, latent, uniform = self._parts(noise)
        prefixes = Prefixes(network, latent)
        symbols: list[Tensor] = []
        raws: list[Tensor] = []
        for index, (size, forced) in enumerate(zip(self.symbols, given.split(self.symbols, -1), strict=True)):
            if index:
                prefixes.append(symbols[-1])
            raws.append(prefixes.raw_output())
            with torch.no_grad():
                symbols.append(replaced(self.head(raws[-1], uniform[index], (size,)), forced))
        codes = torch.cat(symbols, -1)
        return codes, log_prob(torch.cat(raws, -1), codes, self.symbols)


class Prefixes:
    """The symbols that a batch's codes begin with, and the network's states after them.

    Without latents there is one state for each prefix that is possible, as long as these are fewer than the codes;
    then one for each code.
    """

    def __init__(self, network: AutoregressiveNetwork, latent: Tensor) -> None:
        """`latent`: [batch, dim]."""
        self.network, self.length, (self.count, dim) = network, 0, latent.shape
        self.states = network.initial_state(latent if dim else latent[:1])
        self.places = None if dim else torch.zeros(self.count, dtype=torch.long, device=latent.device)
        """Of each code, which of the states is its own; None where they are in the codes' order."""

    def raw_output(self) -> Tensor:
        """The raw output [batch, size] of each code, for its next symbol."""
        return self._own(self.network.raw_output(self.length, self.states))

    def append(self, symbol: Tensor) -> None:
        """Takes each code's next symbol, [batch, size]."""
        choices, states = max(symbol.shape[1], 2), len(self.states)
        if self.places is not None and states * choices < self.count:
            ranks = symbol[:, 0].long() if symbol.shape[1] == 1 else symbol.argmax(-1)
            self.places = self.places * choices + ranks
            self.states = self.states.repeat_interleave(choices, 0)
            symbol = every_symbol(symbol).repeat(states, 1)
        else:
            self.states, self.places = self._own(self.states), None
        self.states = self.network.next_state(self.length, self.states, symbol)
        self.length += 1

    def _own(self, of_states: Tensor) -> Tensor:
        return of_states if self.places is None else of_states.index_select(0, self.places)


def every_symbol(like: Tensor) -> Tensor:
    """All hard symbols of the size of `like` [batch, size]: the two bits, or the one-hots."""
    one_hots = torch.eye(max(like.shape[1], 2), dtype=like.dtype, device=like.device)
    return one_hots if like.shape[1] > 1 else one_hots[:, 1:]


def replaced(drawn: Tensor, given: Tensor) -> Tensor:
    """Codes [batch, width], of each group the first ones replaced by the `given` ones [groups, count, width]."""
    groups, count, _ = given.shape
    return torch.cat([given, drawn.unflatten(0, (groups, -1))[:, count:]], 1).flatten(0, 1)


def generator(network: nn.Module, head: Head, latent: int, symbols: Symbols) -> Generator:
    """The generator of a network and a head, autoregressive if the network is."""
    kind = AutoregressiveGenerator if isinstance(network, AutoregressiveNetwork) else Generator
    return kind(network, head, latent, symbols)
