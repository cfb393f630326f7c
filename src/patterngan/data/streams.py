"""Random numbers addressed by GAN step.

A stream is cut into chunks of `CHUNK` steps. Each chunk is drawn from its own `torch.Generator`, seeded by the run's
seed, the stream's name and the chunk's index. So what a step reads is a function of (seed, name, step) alone: neither
evaluations nor a kill and a resume change it, and no checkpoint has to hold the state of a generator.
"""

import hashlib
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from typing_extensions import override

CHUNK = 50
"""GAN steps drawn at a time. A run's random numbers depend on it: another value changes every run."""

Fill = Callable[[Tensor, torch.Generator], None]
"""Overwrites a tensor [steps, ...] with numbers drawn from a generator on the same device."""


def seeded(seed: int, *path: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """A new generator, seeded by `seed` and `path`: different paths give independent random numbers."""
    name = "/".join(map(str, (seed, *path)))
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "big"))


class StepStream(Protocol):
    """Numbers addressed by GAN step, of one run or of the members of a population."""

    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        """[stop−start, ...]: what steps start … stop−1 read. Reading again gives the same numbers."""


class ChunkedStream(StepStream):
    """The random numbers of one run: for each step a tensor of `shape` and `dtype`."""

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype, seed: int, name: str) -> None:
        self._seed, self._name = seed, name
        self.shape, self.dtype = shape, dtype
        self._cached: tuple[int, Tensor] | None = None

    @override
    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        parts = []
        for first in range(start // CHUNK * CHUNK, stop, CHUNK):
            parts.append(self._chunk(first // CHUNK, device)[max(start - first, 0) : stop - first])
        return torch.cat(parts)

    def _chunk(self, index: int, device: torch.device) -> Tensor:
        # The last chunk is kept: reads shorter than a chunk would draw it again.
        if self._cached is None or self._cached[0] != index or self._cached[1].device != device:
            chunk = torch.empty((CHUNK, *self.shape), dtype=self.dtype, device=device)
            self.fill(chunk, index)
            self._cached = index, chunk
        return self._cached[1]

    def fill(self, chunk: Tensor, index: int) -> None:
        """Overwrites [CHUNK, ...] with what the steps of the chunk `index` read."""
        raise NotImplementedError

    def source(self, index: int, device: torch.device) -> torch.Generator:
        """The generator that the chunk `index` is drawn with."""
        return seeded(self._seed, self._name, index, device=device)


class Stream(ChunkedStream):
    """A stream whose chunks are drawn by `fill`, all in the same way."""

    def __init__(self, fill: Fill, shape: tuple[int, ...], dtype: torch.dtype, seed: int, name: str) -> None:
        super().__init__(shape, dtype, seed, name)
        self._fill = fill

    @override
    def fill(self, chunk: Tensor, index: int) -> None:
        self._fill(chunk, self.source(index, chunk.device))
