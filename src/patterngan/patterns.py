"""Patterns: which integers are real. A pattern is a finite set of integers with the uniform law on it."""

from typing import Protocol

import torch
from torch import Tensor

from patterngan.validation import InvalidValueError, integer


class Pattern(Protocol):
    """A set of `size` integers, its support, numbered 0 … size−1 in rising order.

    Every method works on whole tensors of any shape, on their device, and allocates nothing
    that grows with the support: patterns of 2^60 integers are as cheap as patterns of ten.
    """

    size: int
    """How many integers are real."""
    stop: int
    """All of them are below."""

    def contains(self, integers: Tensor) -> Tensor:
        """Which of these int64 integers are real (bool, same shape)."""
        ...

    def rank(self, integers: Tensor) -> Tensor:
        """The number of each integer within the support (int64, same shape). Meaningless for others."""
        ...

    def member(self, ranks: Tensor) -> Tensor:
        """The integer of each rank (int64, same shape): the inverse of `rank`."""
        ...


class Multiples:
    """`range(residue, stop, k)`: the integers below `stop` that leave `residue` when divided by `k`.

    Raises:
        InvalidValueError: unless 1 ≤ k ≤ 2^62, 0 ≤ residue < k and residue < stop ≤ 2^62.
    """

    def __init__(self, k: int, stop: int, residue: int = 0) -> None:
        self.k = integer("k", k, 1, 2**62)
        self.residue = integer("residue", residue, 0)
        if self.residue >= self.k:
            raise InvalidValueError("residue", residue, f"must be below k={k} (a remainder of division by k)")
        self.stop = integer("stop", stop, 1, 2**62)
        if self.stop <= self.residue:
            raise InvalidValueError("stop", stop, f"leaves no integer; must be above residue={residue}")
        self.size = len(range(self.residue, self.stop, self.k))

    def contains(self, integers: Tensor) -> Tensor:
        """See `Pattern.contains`."""
        return (integers % self.k == self.residue) & (integers >= 0) & (integers < self.stop)

    def rank(self, integers: Tensor) -> Tensor:
        """See `Pattern.rank`."""
        return torch.div(integers - self.residue, self.k, rounding_mode="floor")

    def member(self, ranks: Tensor) -> Tensor:
        """See `Pattern.member`."""
        return ranks * self.k + self.residue
