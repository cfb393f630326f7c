"""Random numbers addressed by GAN step.

A stream is cut into chunks of `CHUNK` steps, each drawn from its own `torch.Generator`, seeded by the run's seed,
the stream's name and the chunk's number. What a step sees is thus a function of (seed, name, step) alone: how
Lightning prefetches, how often a run evaluates, and whether it was killed and resumed in between change nothing,
and there is no generator state that a checkpoint could lose.
"""

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor

CHUNK = 50
"""GAN steps drawn at a time. Part of what a seed means: changing it changes every run."""

Draw = Callable[[int, torch.Generator], Tensor]
"""(steps, generator) → [steps, ...] on the generator's device."""


def seeded(seed: int, *path: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator for one purpose, independent of every other path under the same seed."""
    name = "/".join(map(str, (seed, *path)))
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "big"))


class Stream:
    """The tensors that `draw` makes for steps 0, 1, 2, … of the run with this seed."""

    def __init__(self, draw: Draw, seed: int, name: str) -> None:
        self._draw, self._seed, self._name = draw, seed, name
        self._cached: tuple[int, Tensor] | None = None

    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        """[stop−start, ...]: what steps start … stop−1 see. Reading again gives the same numbers."""
        parts = []
        for index in range(start // CHUNK, -(-stop // CHUNK)):
            first = index * CHUNK
            parts.append(self._chunk(index, device)[max(start - first, 0) : stop - first])
        return torch.cat(parts)

    def _chunk(self, index: int, device: torch.device) -> Tensor:
        # The last chunk is kept, so that blocks shorter than a chunk do not draw it again.
        if self._cached is None or self._cached[0] != index or self._cached[1].device != device:
            generator = seeded(self._seed, self._name, index, device=device)
            self._cached = index, self._draw(CHUNK, generator)
        return self._cached[1]
