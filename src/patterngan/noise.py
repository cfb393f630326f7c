"""Noise: what the generator reads."""

from typing import Protocol

import torch
from torch import Tensor

from patterngan.validation import integer

ENUMERABLE_BITS = 16
"""Up to this many random bits, every noise vector is fed to the generator once and its law is known exactly."""


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
