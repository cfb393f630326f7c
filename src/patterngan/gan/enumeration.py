"""All hard codes of some symbols, in the order of their first symbols, then the next.

Where these are fewer than the codes of a batch, a network reads each of them once, and the batch looks its own up.
"""

from math import prod

import torch
from torch import Tensor

from patterngan.data.encodings import Symbols


def choices(symbols: Symbols) -> int:
    """How many hard codes there are of these symbols."""
    return prod(max(size, 2) for size in symbols)


def every_symbol(size: int, like: Tensor) -> Tensor:
    """All hard symbols of a size, [symbols, size]: the two bits, or the one-hots."""
    one_hots = torch.eye(max(size, 2), dtype=like.dtype, device=like.device)
    return one_hots if size > 1 else one_hots[:, 1:]


def every_code(symbols: Symbols, like: Tensor) -> Tensor:
    """All hard codes of these symbols, [codes, width]."""
    codes = torch.zeros(1, 0, dtype=like.dtype, device=like.device)
    for size in symbols:
        following = every_symbol(size, like)
        codes = torch.cat([codes.repeat_interleave(len(following), 0), following.repeat(len(codes), 1)], -1)
    return codes


def places(codes: Tensor, symbols: Symbols) -> Tensor:
    """The places of hard codes [..., width] among all codes of these symbols, int64 [...]."""
    return _sums(codes, [_place_values(symbols)]).squeeze(-1)


def prefix_places(codes: Tensor, symbols: Symbols) -> Tensor:
    """The places of what hard codes [..., width] begin with, each among all that are as long, int64 [..., symbols].

    They begin with one symbol, with two, and so on.
    """
    values = [_place_values(symbols[: index + 1]) for index in range(len(symbols))]
    return _sums(codes, [column + [0.0] * (codes.shape[-1] - len(column)) for column in values])


def _place_values(symbols: Symbols) -> list[float]:
    """What a one in each entry of a hard code adds to the code's place among all: [width]."""
    values: list[float] = []
    for size in symbols:
        values = [value * max(size, 2) for value in values] + ([1.0] if size == 1 else list(map(float, range(size))))
    return values


def _sums(codes: Tensor, values: list[list[float]]) -> Tensor:
    # GPUs have no products of integers. Single precision is exact up to 2^24.
    dtype = torch.float32 if max(map(sum, values)) <= 2**24 else torch.float64
    return (codes.to(dtype) @ torch.tensor(values, dtype=dtype, device=codes.device).T).long()
