"""The random numbers and the reals of a population: each member reads its own streams."""

import copy
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import torch
from torch import Tensor
from typing_extensions import override

from patterngan.data.streams import CHUNK, ChunkedStream, StepStream
from patterngan.training.datamodule import PatternData


class MemberStreams(StepStream):
    """The members' own streams, stacked along `axis` of the tensors that are read.

    A tensor that was read is a view of a buffer that reading the next chunk overwrites.

    Args:
        members: one stream for each member, all of one shape and type.
        axis: the members axis of the tensors that are read; not 0, which counts steps.
        ahead: whether a thread draws the next chunk while this one is in use.
    """

    def __init__(self, members: Sequence[ChunkedStream], axis: int, ahead: bool = False) -> None:
        self._members, self._axis = members, axis
        self._worker = ThreadPoolExecutor(1, "patterngan-streams") if ahead else None
        self._buffers: list[Tensor] = []
        self._index: int | None = None
        self._next: Future[None] | None = None

    @override
    def read(self, start: int, stop: int, device: torch.device) -> Tensor:
        """[stop−start, ..., members, ...] of steps within one chunk."""
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


def stacked_data(members: Sequence[PatternData]) -> PatternData:
    """The data of a population, in blocks [steps, members, batch, width] of every member's own reals."""
    data = copy.copy(members[0])
    data.stream = MemberStreams([cast(ChunkedStream, member.stream) for member in members], axis=1)
    return data
