"""Work on the members of a population one by one, on all cores."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import torch

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def in_threads(work: Callable[[Item], Outcome], items: Iterable[Item], threads: int) -> list[Outcome]:
    """`work` on every item, in order. PyTorch lets go of Python's lock, so that threads do run side by side."""
    if threads == 1:
        return [work(item) for item in items]
    return list(_pool(threads).map(work, items))


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    # Each of them works alone: threads of threads would fight for the same cores.
    return ThreadPoolExecutor(threads, "patterngan", initializer=torch.set_num_threads, initargs=(1,))
