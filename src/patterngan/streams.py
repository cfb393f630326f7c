"""Random numbers addressed by GAN step.

A stream is cut into chunks of `CHUNK` steps, each drawn from its own `torch.Generator`, seeded by the run's seed,
the stream's name and the chunk's number. What a step sees is thus a function of (seed, name, step) alone: how
Lightning prefetches, how often a run evaluates, and whether it was killed and resumed in between change nothing,
and there is no generator state that a checkpoint could lose.
"""

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from patterngan.threads import in_threads

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
        self._draw, self.seed, self.name = draw, seed, name
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
            self._cached = index, self.draw(index, device)
        return self._cached[1]

    def draw(self, index: int, device: torch.device) -> Tensor:
        """[CHUNK, ...]: what the steps of a chunk see."""
        return self._draw(CHUNK, seeded(self.seed, self.name, index, device=device))


class Streams:
    """The streams of a population as one: every member reads its own, stacked along `axis` of what is read.

    What is read is a view of one buffer, which reading another chunk overwrites.
    """

    def __init__(self, members: Sequence[Stream], axis: int) -> None:
        self._members, self._axis = members, axis
        self._index: int | None = None
        self._buffer: Tensor | None = None

    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        """[stop−start, ...] of steps within one chunk, with `axis` for the members."""
        index, first = start // CHUNK, start // CHUNK * CHUNK
        if stop > first + CHUNK:
            raise ValueError(f"steps {start} to {stop} are of two chunks")
        if self._index != index or self._buffer is None or self._buffer.device != device:
            self._fill(index, device)
        assert self._buffer is not None
        return self._buffer.movedim(0, self._axis)[start - first : stop - first]

    def _fill(self, index: int, device: torch.device) -> None:
        if self._buffer is None or self._buffer.device != device:
            like = self._members[0].draw(index, device)
            self._buffer = like.new_empty(len(self._members), *like.shape)
        buffer = self._buffer

        def fill(member: int) -> None:
            buffer[member] = self._members[member].draw(index, device)

        in_threads(fill, range(len(self._members)), device)
        self._index = index
