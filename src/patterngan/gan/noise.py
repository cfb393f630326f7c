"""Noise: the random numbers that a generator reads."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from typing_extensions import override

from patterngan.validation import integer

ENUMERABLE_BITS = 16
"""Up to this many random bits, an evaluation feeds every noise vector to the generator: its law is then exact."""


@runtime_checkable
class Noise(Protocol):
    """A law on vectors of length `dim`."""

    dim: int

    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        """Overwrites float32 [..., dim] with vectors drawn with `generator`."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """New vectors, float32 [*shape, dim], drawn with `generator` on its device."""
        noise = torch.empty((*shape, self.dim), dtype=torch.float32, device=generator.device)
        self.fill(noise, generator)
        return noise

    def enumerate(self, device: torch.device) -> Tensor | None:
        """All vectors, float32 [count, dim], where they are equally likely and few; else None."""
        return None


class Nothing(Noise):
    """No noise: for generators whose head draws its codes."""

    dim = 0

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        pass


class Uniform(Noise):
    """Independent numbers, uniform from 0 to 1: heads draw codes with them."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        noise.uniform_(generator=generator)


class Joined(Noise):
    """Two independent laws side by side: the noise of the generator's network, then the noise of its head."""

    def __init__(self, first: Noise, second: Noise) -> None:
        self.parts = first, second
        self.dim = first.dim + second.dim

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        for part, numbers in zip(self.parts, noise.split([part.dim for part in self.parts], -1), strict=True):
            part.fill(numbers, generator)


class Shared(Noise):
    """Repeats the latent part over groups of `count` samples."""

    def __init__(self, noise: Noise, latent: int, count: int) -> None:
        self.noise, self.latent, self.count = noise, latent, count
        self.dim = noise.dim

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        self.noise.fill(noise, generator)
        groups = noise[..., : self.latent].unflatten(-2, (-1, self.count))
        groups.copy_(groups[..., :1, :].clone().expand_as(groups))


class Bits(Noise):
    """Uniform on {0, 1}^dim; 1 ≤ dim ≤ 2^16."""

    def __init__(self, dim: int) -> None:
        self.dim = integer("dim", dim, 1, 2**16)

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        noise.random_(0, 2, generator=generator)

    @override
    def enumerate(self, device: torch.device) -> Tensor | None:
        if self.dim > ENUMERABLE_BITS:
            return None
        numbers = torch.arange(2**self.dim, device=device).unsqueeze(-1)
        return ((numbers >> torch.arange(self.dim, device=device)) & 1).float()


class Gaussian(Noise):
    """Independent standard normal numbers; 1 ≤ dim ≤ 2^16."""

    def __init__(self, dim: int) -> None:
        self.dim = integer("dim", dim, 1, 2**16)

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        noise.normal_(generator=generator)
