"""Generators: networks and heads joined to functions from noise to codes."""

import torch
from torch import Tensor, nn

from patterngan.gan.heads import Head, Symbols, log_prob


class Writer(nn.Module):
    """A network that writes a code one symbol after another, each in knowledge of those before it."""

    def start(self, latent: Tensor) -> Tensor:
        """Latents [batch, dim] → the state [batch, ...] before the first symbol."""
        raise NotImplementedError

    def raw(self, index: int, state: Tensor) -> Tensor:
        """The raw output [batch, size] for a symbol."""
        raise NotImplementedError

    def read(self, index: int, state: Tensor, symbol: Tensor) -> Tensor:
        """The state once a symbol [batch, size] is written."""
        raise NotImplementedError


class Generator(nn.Sequential):
    """A network from latents to raw outputs, then a head.

    Noise is [..., batch, latent + uniform]: what the network reads, then the uniform numbers that the head reads.
    """

    def __init__(self, network: nn.Module, head: Head, latent: int, symbols: Symbols) -> None:
        super().__init__(network, head)
        self.latent, self.symbols = latent, tuple(symbols)

    @property
    def head(self) -> Head:
        """What turns raw outputs into codes."""
        head = self[1]
        assert isinstance(head, Head)
        return head

    def forward(self, noise: Tensor, codes: Tensor | None = None) -> Tensor:
        """Noise → codes [..., batch, width]; with hard codes given, their log-probability [..., batch] instead.

        It is that of the codes given the latents, over the head's uniform numbers.
        """
        raw: Tensor = self[0](noise[..., : self.latent])
        if codes is not None:
            return log_prob(raw, codes, self.symbols)
        written: Tensor = self[1](raw, noise[..., self.latent :], self.symbols)
        return written


class AutoregressiveGenerator(Generator):
    """A `Writer` and a head that turns its raw outputs into one symbol after another.

    A code's log-probability is exact: the sum of those of its symbols, each given the ones before.
    """

    @property
    def writer(self) -> Writer:
        """The network."""
        writer = self[0]
        assert isinstance(writer, Writer)
        return writer

    def forward(self, noise: Tensor, codes: Tensor | None = None) -> Tensor:
        """See `Generator.forward`."""
        writer, head = self.writer, self.head
        uniform = noise[..., self.latent :].split([size if head.draws else 0 for size in self.symbols], -1)
        given = None if codes is None else codes.split(self.symbols, -1)
        state = writer.start(noise[..., : self.latent])
        symbols: list[Tensor] = []
        log_probs: list[Tensor] = []
        for index, size in enumerate(self.symbols):
            if index:
                state = writer.read(index - 1, state, symbols[-1])
            raw = writer.raw(index, state)
            symbols.append(head(raw, uniform[index], (size,)) if given is None else given[index])
            if given is not None:
                log_probs.append(log_prob(raw, given[index], (size,)))
        return torch.cat(symbols, -1) if given is None else torch.stack(log_probs).sum(0)


def generator(network: nn.Module, head: Head, latent: int, symbols: Symbols) -> Generator:
    """The generator that this network makes."""
    made = AutoregressiveGenerator if isinstance(network, Writer) else Generator
    return made(network, head, latent, symbols)
