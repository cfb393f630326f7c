"""Generators: a network and a head, joined to a function from noise to codes."""

from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from patterngan.data.encodings import Symbols
from patterngan.gan.enumeration import choices, every_symbol, places, prefix_places
from patterngan.gan.heads import Head, every_log_prob, log_prob


class AutoregressiveNetwork(nn.Module):
    """A network that makes a code one symbol after another, each from the latents and the symbols before it.

    The rows of a batch are independent: one may stand for all codes that begin with the same symbols.
    """

    def generator(self, head: Head, latent: int, symbols: Symbols) -> "Generator":
        """The generator of this network and a head."""
        return AutoregressiveGenerator(self, head, latent, symbols)

    def initial_state(self, latent: Tensor) -> Tensor:
        """Latents [batch, dim] → the state [batch, ...] before the first symbol."""
        raise NotImplementedError

    def raw_output(self, index: int, state: Tensor) -> Tensor:
        """The raw output [batch, size] for the symbol `index`, of the state before it."""
        raise NotImplementedError

    def raw_outputs(self, states: Sequence[Tensor]) -> list[Tensor]:
        """The raw outputs for the first symbols, of the states before each, which may be of different batches."""
        return [self.raw_output(index, state) for index, state in enumerate(states)]

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

    def forward(self, noise: Tensor, given: Tensor | None = None, state_noise: Tensor | None = None) -> Any:
        """What `made` returns; with given codes, what `weighed` returns. A population calls nothing else.

        `state_noise`: Gaussian numbers [..., batch, n] for the states of a network that takes noise on these.
        """
        return self.made(noise) if given is None else self.weighed(noise, given)

    def made(self, noise: Tensor) -> Tensor:
        """Noise → codes [..., batch, width]."""
        codes: Tensor = self.head(self[0](noise[..., : self.latent]), self._head_noise(noise), self.symbols)
        return codes

    def _head_noise(self, noise: Tensor) -> Tensor:
        """The noise of the head, made of the uniform numbers behind the latents."""
        return self.head.noise(noise[..., self.latent :], self.symbols)

    def weighed(self, noise: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Noise [batch, dim] → hard codes [batch, width] without a gradient, and their log-probabilities [batch].

        These are log p(codes | latents), over the head's uniform numbers. The codes are drawn, but for the first ones
        of each group, which are `given` [groups, count, width].
        """
        raw = self[0](noise[:, : self.latent])
        with torch.no_grad():
            codes = replaced(self.head(raw, self._head_noise(noise), self.symbols), given)
        return codes, log_prob(raw, codes, self.symbols)


class AutoregressiveGenerator(Generator):
    """An autoregressive network, and a head that makes each of its raw outputs a symbol.

    The log-probability of a code is exact: the sum over its symbols, each given those before it.
    """

    def _parts(self, noise: Tensor) -> tuple[AutoregressiveNetwork, Tensor, tuple[Tensor, ...]]:
        """The network, its latents, and the head's noise for each symbol."""
        network = self[0]
        assert isinstance(network, AutoregressiveNetwork)
        sizes = self.symbols if self.head.draws else [0] * len(self.symbols)
        return network, noise[..., : self.latent], torch.split(self._head_noise(noise), list(sizes), -1)

    @override
    def made(self, noise: Tensor) -> Tensor:
        network, latent, head_noise = self._parts(noise)
        state = network.initial_state(latent)
        symbols: list[Tensor] = []
        for index, size in enumerate(self.symbols):
            if index:
                state = network.next_state(index - 1, state, symbols[-1])
            symbols.append(self.head(network.raw_output(index, state), head_noise[index], (size,)))
        return torch.cat(symbols, -1)

    @override
    def weighed(self, noise: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        network, latent, head_noise = self._parts(noise)
        tree = PrefixTree(network, latent, self.symbols)
        with torch.no_grad():
            codes = replaced(tree.draw(self.head, head_noise), given[..., : sum(tree.symbols)])
        log_p, state = tree.log_prob(codes), tree.last_states(codes)
        for index in range(tree.depth, len(self.symbols)):
            last, size = self.symbols[index - 1 : index + 1]
            state = network.next_state(index - 1, state, codes[:, -last:])
            raw = network.raw_output(index, state)
            with torch.no_grad():
                following = slice(codes.shape[1], codes.shape[1] + size)
                symbol = replaced(self.head(raw, head_noise[index], (size,)), given[..., following])
                codes = torch.cat([codes, symbol], -1)
            log_p = log_p + log_prob(raw, symbol, (size,))
        return codes, log_p


class PrefixTree:
    """A network's states and raw outputs before each of the first symbols, one for each prefix that is possible.

    The tree is as deep as its prefixes are fewer than the codes of a batch. Without latents it has one root. With
    latents each code has a root of its own, and that is all there is.
    """

    def __init__(self, network: AutoregressiveNetwork, latent: Tensor, symbols: Symbols) -> None:
        """`latent`: [batch, dim]."""
        rows, dim = latent.shape
        self.states = [network.initial_state(latent if dim else latent.new_zeros(1, 0))]
        self.roots = torch.arange(rows, device=latent.device) * int(dim > 0)
        """Of each code, the place of its root."""
        for index, size in enumerate(symbols[:-1]):
            prefixes, ways = len(self.states[-1]), choices((size,))
            if prefixes * ways >= rows:
                break
            symbol = every_symbol(size, latent).repeat(prefixes, 1)
            self.states.append(network.next_state(index, self.states[-1].repeat_interleave(ways, 0), symbol))
        self.depth = len(self.states)
        self.symbols, self.raws = symbols[: self.depth], network.raw_outputs(self.states)

    def draw(self, head: Head, noise: Sequence[Tensor]) -> Tensor:
        """The first `depth` symbols of each code [batch, entries], which `head` makes one after another.

        `noise`: what the head reads for each symbol, [batch, size].
        """
        place, symbols = self.roots, list[Tensor]()
        for size, raw, numbers in zip(self.symbols, self.raws, noise, strict=False):
            symbols.append(head(raw.index_select(0, place), numbers, (size,)))
            rank = symbols[-1].squeeze(-1).long() if size == 1 else places(symbols[-1], (size,))
            place = torch.add(rank, place, alpha=choices((size,)))
        return torch.cat(symbols, -1)

    def log_prob(self, codes: Tensor) -> Tensor:
        """The log-probability [batch] of the first `depth` symbols of codes.

        Those of all symbols after all prefixes stand side by side, and codes look theirs up in one go.
        """
        alike = [list(group) for _, group in groupby(self.raws, lambda raw: raw.shape[-1])]
        raws = [torch.cat(group) if len(group) > 1 else group[0] for group in alike]
        every = torch.cat([every_log_prob(raw).flatten() for raw in raws])
        counts = (len(raw) * choices(raw.shape[-1:]) for raw in self.raws[:-1])
        starts = torch.tensor([*accumulate(counts, initial=0)], device=codes.device)
        numbers = self._places(codes, starts)
        return every.gather(0, numbers.flatten()).view(numbers.shape).sum(-1)

    def last_states(self, codes: Tensor) -> Tensor:
        """The states of codes before their symbol number `depth`, [batch, ...]."""
        place = self._places(codes)[:, -2] if self.depth > 1 else self.roots
        return self.states[-1].index_select(0, place)

    def _places(self, codes: Tensor, starts: Tensor | int = 0) -> Tensor:
        """Of each code, the places of what it begins with, one to `depth` symbols: [batch, depth].

        `starts`: what is added to those of each length.
        """
        return prefix_places(codes, self.symbols) + (self.roots[:, None] * choices(self.symbols[:1]) + starts)


def replaced(drawn: Tensor, given: Tensor) -> Tensor:
    """Codes [batch, width], of each group the first ones replaced by the `given` ones [groups, count, width]."""
    groups, count, _ = given.shape
    return torch.cat([given, drawn.unflatten(0, (groups, -1))[:, count:]], 1).flatten(0, 1)


def generator(network: nn.Module, head: Head, latent: int, symbols: Symbols) -> Generator:
    """The generator of a network and a head, autoregressive if the network is."""
    if isinstance(network, AutoregressiveNetwork):
        return network.generator(head, latent, symbols)
    return Generator(network, head, latent, symbols)
