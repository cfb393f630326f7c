"""Generators: a network and a head, joined to a function from noise to codes."""

import torch
from torch import Tensor, nn
from typing_extensions import override

from patterngan.data.encodings import Symbols
from patterngan.gan.heads import Head, log_prob


class AutoregressiveNetwork(nn.Module):
    """A network that makes a code one symbol after another, each from the latents and the symbols before it."""

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

    def forward(self, noise: Tensor, codes: Tensor | None = None) -> Tensor:
        """Noise → codes [..., batch, width]; or, of given hard codes, the log-probability [..., batch].

        That is log p(codes | latents), over the head's uniform numbers.
        """
        raw: Tensor = self[0](noise[..., : self.latent])
        if codes is not None:
            return log_prob(raw, codes, self.symbols)
        made: Tensor = self.head(raw, noise[..., self.latent :], self.symbols)
        return made


class AutoregressiveGenerator(Generator):
    """An autoregressive network, and a head that makes each of its raw outputs a symbol.

    The log-probability of a code is exact: the sum over its symbols, each given those before it.
    """

    @override
    def forward(self, noise: Tensor, codes: Tensor | None = None) -> Tensor:
        network, head = self[0], self.head
        assert isinstance(network, AutoregressiveNetwork)
        uniform = noise[..., self.latent :].split([size if head.draws else 0 for size in self.symbols], -1)
        given = None if codes is None else codes.split(self.symbols, -1)
        state = network.initial_state(noise[..., : self.latent])
        symbols: list[Tensor] = []
        log_probs: list[Tensor] = []
        for index, size in enumerate(self.symbols):
            if index:
                state = network.next_state(index - 1, state, symbols[-1])
            raw = network.raw_output(index, state)
            symbols.append(head(raw, uniform[index], (size,)) if given is None else given[index])
            if given is not None:
                log_probs.append(log_prob(raw, given[index], (size,)))
        return torch.cat(symbols, -1) if given is None else torch.stack(log_probs).sum(0)


def generator(network: nn.Module, head: Head, latent: int, symbols: Symbols) -> Generator:
    """The generator of a network and a head, autoregressive if the network is."""
    kind = AutoregressiveGenerator if isinstance(network, AutoregressiveNetwork) else Generator
    return kind(network, head, latent, symbols)
