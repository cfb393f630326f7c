"""Random numbers addressed by GAN step.

A stream is cut into chunks of `CHUNK` steps, each drawn from its own `torch.Generator`, seeded by the run's seed,
the stream's name and the chunk's number. What a step sees is thus a function of (seed, name, step) alone: how
Lightning prefetches, how often a run evaluates, and whether it was killed and resumed in between change nothing,
and there is no generator state that a checkpoint could lose.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

CHUNK = 50
"""GAN steps drawn at a time. Part of what a seed means: changing it changes every run."""

Fill = Callable[[Tensor, torch.Generator], None]
"""Overwrites what steps see, [steps, ...], with numbers drawn with a generator on the same device."""


def seeded(seed: int, *path: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator for one purpose, independent of every other path under the same seed."""
    name = "/".join(map(str, (seed, *path)))
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "big"))


class Stream:
    """What steps 0, 1, 2, … of the run with this seed see: each a tensor of this shape and type, made by `fill`."""

    def __init__(self, fill: Fill, shape: tuple[int, ...], dtype: torch.dtype, seed: int, name: str) -> None:
        self._fill, self._seed, self._name = fill, seed, name
        self.shape, self.dtype = shape, dtype
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
            chunk = torch.empty((CHUNK, *self.shape), dtype=self.dtype, device=device)
            self.fill(chunk, index)
            self._cached = index, chunk
        return self._cached[1]

    def fill(self, chunk: Tensor, index: int) -> None:
        """Overwrites [CHUNK, ...] with what the steps of this chunk see."""
        self._fill(chunk, seeded(self._seed, self._name, index, device=chunk.device))


class Streams:
    """The streams of a population as one: every member reads its own, stacked along `axis` of what is read.

    What is read is a view of a buffer, which reading the next chunk overwrites.

    Args:
        members: the streams.
        axis: of what is read that the members get; not the first, which counts steps.
        ahead: draws the next chunk in a thread of its own while this one is used.
    """

    def __init__(self, members: Sequence[Stream], axis: int, ahead: bool = False) -> None:
        self._members, self._axis = members, axis
        self._worker = ThreadPoolExecutor(1, "patterngan-streams") if ahead else None
        self._buffers: list[Tensor] = []
        self._index: int | None = None
        self._next: Future[None] | None = None

    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        """[stop−start, ...] of steps within one chunk, with `axis` for the members."""
        index, first = start // CHUNK, start // CHUNK * CHUNK
        if stop > first + CHUNK:
            raise ValueError(f"steps {start} to {stop} are of two chunks")
        if self._index != index or self._buffers[0].device != device:
            self._turn_to(index, device)
        return self._buffers[0].movedim(0, self._axis)[start - first : stop - first]

    def _turn_to(self, index: int, device: torch.device) -> None:
        if not self._buffers or self._buffers[0].device != device:
            shape = len(self._members), CHUNK, *self._members[0].shape
            buffers = 1 if self._worker is None else 2
            self._buffers = [torch.empty(shape, dtype=self._members[0].dtype, device=device) for _ in range(buffers)]
            self._next = None
        if self._next is not None:
            self._next.result()
        self._buffers.reverse()
        if self._next is None or self._index != index - 1:
            self._fill(self._buffers[0], index)
        self._index = index
        if self._worker is not None:
            self._next = self._worker.submit(self._fill, self._buffers[1], index + 1)

    def _fill(self, buffer: Tensor, index: int) -> None:
        for member, chunk in zip(self._members, buffer.unbind(), strict=True):
            member.fill(chunk, index)
