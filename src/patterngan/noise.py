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

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Float32 [*shape, dim], drawn with `generator` on its device."""
        ...

    def enumerate(self, device: torch.device) -> Tensor | None:
        """All equally likely vectors, float32 [count, dim], or None where they cannot be listed."""
        ...


class Bits:
    """Uniform on {0, 1}^dim.

    Raises:
        InvalidValueError: unless 1 ≤ dim ≤ 2^16.
    """

    def __init__(self, dim: int) -> None:
        self.dim = integer("dim", dim, 1, 2**16)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """See `Noise.sample`."""
        bits = torch.randint(0, 2, (*shape, self.dim), generator=generator, device=generator.device)
        return bits.float()

    def enumerate(self, device: torch.device) -> Tensor | None:
        """See `Noise.enumerate`."""
        if self.dim > ENUMERABLE_BITS:
            return None
        numbers = torch.arange(2**self.dim, device=device).unsqueeze(-1)
        return ((numbers >> torch.arange(self.dim, device=device)) & 1).float()


class Gaussian:
    """Independent standard normal numbers.

    Raises:
        InvalidValueError: unless 1 ≤ dim ≤ 2^16.
    """

    def __init__(self, dim: int) -> None:
        self.dim = integer("dim", dim, 1, 2**16)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """See `Noise.sample`."""
        return torch.randn((*shape, self.dim), generator=generator, device=generator.device)

    def enumerate(self, device: torch.device) -> Tensor | None:
        """See `Noise.enumerate`."""
        return None
