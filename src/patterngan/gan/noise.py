"""Noise: what the generator reads."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from patterngan.validation import integer

ENUMERABLE_BITS = 16
"""Up to this many random bits, every noise vector is fed to the generator once and its law is known exactly."""


@runtime_checkable
class Noise(Protocol):
    """A law on vectors of length `dim`."""

    dim: int

    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        """Overwrites float32 [..., dim] with vectors drawn with `generator`."""
        ...

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """New vectors, float32 [*shape, dim], drawn with `generator` on its device."""
        noise = torch.empty((*shape, self.dim), device=generator.device)
        self.fill(noise, generator)
        return noise

    def enumerate(self, device: torch.device) -> Tensor | None:
        """All equally likely vectors, float32 [count, dim], or None where they cannot be listed."""
        ...


class Nothing(Noise):
    """No noise at all: for generators whose head draws its codes."""

    dim = 0

    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        """See `Noise.fill`."""

    def enumerate(self, device: torch.device) -> Tensor | None:
        """See `Noise.enumerate`."""
        return None


class Uniform(Noise):
    """Independent numbers, uniform from 0 to 1: what heads draw codes with."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        """See `Noise.fill`."""
        noise.uniform_(generator=generator)

    def enumerate(self, device: torch.device) -> Tensor | None:
        """See `Noise.enumerate`."""
        return None


class Joined(Noise):
    """Two laws side by side: what the generator's network reads, and what its head reads."""

    def __init__(self, first: Noise, second: Noise) -> None:
        self.parts = first, second
        self.dim = first.dim + second.dim

    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        """See `Noise.fill`."""
        for part, numbers in zip(self.parts, noise.split([part.dim for part in self.parts], -1), strict=True):
            part.fill(numbers, generator)

    def enumerate(self, device: torch.device) -> Tensor | None:
        """See `Noise.enumerate`."""
        return None


class Shared(Noise):
    """A law whose first `latent` numbers are the same for each `count` neighbours in a batch, the others their own."""

    def __init__(self, noise: Noise, latent: int, count: int) -> None:
        self.noise, self.latent, self.count = noise, latent, count
        self.dim = noise.dim

    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        """See `Noise.fill`."""
        self.noise.fill(noise, generator)
        groups = noise[..., : self.latent].unflatten(-2, (-1, self.count))
        groups.copy_(groups[..., :1, :].clone().expand_as(groups))

    def enumerate(self, device: torch.device) -> Tensor | None:
        """See `Noise.enumerate`."""
        return None


class Bits(Noise):
    """Uniform on {0, 1}^dim.

    Raises:
        InvalidValueError: unless 1 ≤ dim ≤ 2^16.
    """

    def __init__(self, dim: int) -> None:
        self.dim = integer("dim", dim, 1, 2**16)

    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        """See `Noise.fill`."""
        noise.random_(0, 2, generator=generator)

    def enumerate(self, device: torch.device) -> Tensor | None:
        """See `Noise.enumerate`."""
        if self.dim > ENUMERABLE_BITS:
            return None
        numbers = torch.arange(2**self.dim, device=device).unsqueeze(-1)
        return ((numbers >> torch.arange(self.dim, device=device)) & 1).float()


class Gaussian(Noise):
    """Independent standard normal numbers.

    Raises:
        InvalidValueError: unless 1 ≤ dim ≤ 2^16.
    """

    def __init__(self, dim: int) -> None:
        self.dim = integer("dim", dim, 1, 2**16)

    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        """See `Noise.fill`."""
        noise.normal_(generator=generator)

    def enumerate(self, device: torch.device) -> Tensor | None:
        """See `Noise.enumerate`."""
        return None
