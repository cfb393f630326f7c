"""The sampler: from noise to integers."""

import torch
from torch import Tensor, nn

from patterngan.data.encodings import Encoding
from patterngan.gan.enumeration import choices
from patterngan.gan.growing import GrowingGenerator
from patterngan.gan.noise import Noise
from patterngan.validation import UsageError

CHUNK = 2**16
"""Integers generated at a time, so that any count fits in memory."""


class Sampler(nn.Module):
    """A function from noise to integers: the part of a trained GAN that is needed to generate."""

    def __init__(self, noise: Noise, generator: nn.Module, encoding: Encoding) -> None:
        super().__init__()
        self.noise, self.generator, self.encoding = noise, generator, encoding

    def forward(self, noise: Tensor) -> Tensor:
        """Noise [..., batch, dim] → int64 [..., batch]."""
        integers: Tensor = self.encoding.decode(self.generator(noise))
        return integers

    @torch.no_grad()
    def sample_longer(self, count: int, symbols: int, generator: torch.Generator) -> list[int]:
        """`count` generated integers of so many symbols, of any size.

        Raises:
            UsageError: if the generator makes codes of one length.
        """
        if not isinstance(self.generator, GrowingGenerator):
            raise UsageError("--bits: this generator makes codes of one length; architecture=automaton makes any")
        digits = self.generator.lengthened(symbols).sample_digits(count, generator)
        base = choices(self.generator.symbols[:1])
        return [sum(digit * base**place for place, digit in enumerate(reversed(row))) for row in digits.tolist()]

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` generated integers, int64 [count]."""
        chunks = [min(CHUNK, count - start) for start in range(0, count, CHUNK)]
        return torch.cat([self(self.noise.sample((chunk,), generator)) for chunk in chunks])
