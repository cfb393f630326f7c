"""Noise: the random numbers that a generator reads."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from typing_extensions import override

from patterngan.validation import integer

ENUMERABLE_BITS = 16
"""Up to this many random bits, all noise vectors are listed, and laws are means over them."""


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

    @override
    def enumerate(self, device: torch.device) -> Tensor | None:
        return torch.zeros(1, 0, device=device)


class Length(Noise):
    """The number of symbols of a code, always the same one; a step puts that of each real in its place."""

    dim = 1

    def __init__(self, symbols: int) -> None:
        self.symbols = symbols

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        noise.fill_(self.symbols)

    @override
    def enumerate(self, device: torch.device) -> Tensor | None:
        return torch.full((1, 1), float(self.symbols), device=device)


class Uniform(Noise):
    """Independent numbers, uniform from 0 to 1: heads draw codes with them."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        noise.uniform_(generator=generator)


class Joined(Noise):
    """The latents that a generator's network reads, and beside them the uniform numbers of a head that draws."""

    def __init__(self, latent: Noise, uniform: Uniform) -> None:
        self.latent, self.uniform = latent, uniform
        self.dim = latent.dim + uniform.dim

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        self.latent.fill(noise[..., : self.latent.dim], generator)
        self.uniform.fill(noise[..., self.latent.dim :], generator)


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


class StepwiseGaussian(Gaussian):
    """Gaussian numbers that are drawn a step at a time, the first axis: a third faster where a step fits the cache."""

    @override
    def fill(self, noise: Tensor, generator: torch.Generator) -> None:
        for step in noise:
            super().fill(step, generator)
