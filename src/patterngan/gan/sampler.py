"""The sampler: from noise to integers."""

import torch
from torch import Tensor, nn

from patterngan.data.encodings import Encoding
from patterngan.gan.noise import Noise

CHUNK = 2**16
"""Noise vectors in memory at a time."""


class Sampler(nn.Module):
    """From noise to integers: all that is left of a GAN once its generator is trained."""

    def __init__(self, noise: Noise, generator: nn.Module, encoding: Encoding) -> None:
        super().__init__()
        self.noise, self.generator, self.encoding = noise, generator, encoding

    def forward(self, noise: Tensor) -> Tensor:
        """Float [..., dim] → int64 [...]."""
        integers: Tensor = self.encoding.decode(self.generator(noise))
        return integers

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` generated integers, int64 [count]."""
        chunks = [min(CHUNK, count - start) for start in range(0, count, CHUNK)]
        return torch.cat([self(self.noise.sample((chunk,), generator)) for chunk in chunks])
