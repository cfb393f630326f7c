"""Patterns: finite sets of integers, the real ones, each with the uniform law on it."""

import math
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from typing_extensions import override

from patterngan.validation import InvalidValueError, UsageError, choice, integer

LARGEST_LISTED = 2**20
"""The largest support that is held in memory, as a list or shuffled."""


@runtime_checkable
class Pattern(Protocol):
    """A set of integers, its support; ranks 0 … size−1 number them in rising order.

    Methods take tensors of any shape and stay on their device. Except in `Listed`, they allocate nothing that
    grows with the support: a pattern of 2^60 integers is as cheap as one of ten.
    """

    size: int
    """The number of integers in the support."""
    stop: int
    """An upper bound: every integer of the support is below it."""

    def contains(self, integers: Tensor) -> Tensor:
        """int64 [...] → bool [...]: which integers are in the support."""

    def rank(self, integers: Tensor) -> Tensor:
        """int64 [...] → int64 [...]: the rank of each integer of the support; undefined for other integers."""

    def member(self, ranks: Tensor) -> Tensor:
        """int64 [...] → int64 [...]: the integer of each rank, the inverse of `rank`."""


@runtime_checkable
class Unbounded(Protocol):
    """A pattern that goes on above its `stop`."""

    def continues(self, digits: Tensor, base: int) -> Tensor:
        """int64 [..., n] → bool [...]: which numbers obey it, however many digits they have.

        Digits are of this base, the most significant first.
        """


class Multiples(Pattern, Unbounded):
    """`range(residue, stop, k)`: the integers from 0 to below `stop` with remainder `residue` on division by `k`.

    1 ≤ k ≤ 2^62, 0 ≤ residue < k and residue < stop ≤ 2^62.
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

    @override
    def contains(self, integers: Tensor) -> Tensor:
        return (integers % self.k == self.residue) & (integers >= 0) & (integers < self.stop)

    @override
    def continues(self, digits: Tensor, base: int) -> Tensor:
        remainder = torch.zeros_like(digits[..., 0])
        for digit in digits.unbind(-1):
            remainder = (remainder * base + digit) % self.k
        return remainder == self.residue

    @override
    def rank(self, integers: Tensor) -> Tensor:
        return torch.div(integers - self.residue, self.k, rounding_mode="floor")

    @override
    def member(self, ranks: Tensor) -> Tensor:
        return ranks * self.k + self.residue


class Listed(Pattern):
    """The integers of a list, in any order: at most 2^20 integers from 0 to 2^62 − 1, each once."""

    def __init__(self, integers: Any) -> None:
        if isinstance(integers, str) or not isinstance(integers, Iterable):
            raise InvalidValueError("integers", integers, "must be a list of integers")
        values = sorted(integer("integers", value, 0, 2**62 - 1) for value in integers)
        if not 1 <= len(values) <= LARGEST_LISTED:
            raise InvalidValueError("integers", values[:3], f"must hold from 1 to {LARGEST_LISTED} integers")
        if len(set(values)) < len(values):
            raise InvalidValueError("integers", values, "must not repeat an integer")
        self.integers = torch.tensor(values)
        self.size, self.stop = len(values), values[-1] + 1

    @override
    def contains(self, integers: Tensor) -> Tensor:
        support = self.integers.to(integers.device)
        return support[self.rank(integers).clamp(max=self.size - 1)] == integers

    @override
    def rank(self, integers: Tensor) -> Tensor:
        return torch.searchsorted(self.integers.to(integers.device), integers.contiguous())

    @override
    def member(self, ranks: Tensor) -> Tensor:
        return self.integers.to(ranks.device)[ranks]


def primes(stop: int) -> Listed:
    """The primes below `stop`, by the sieve of Eratosthenes; 3 ≤ stop ≤ 2^23 (below which there are 564 163 primes)."""
    stop = integer("stop", stop, 3, 2**23)
    prime = torch.ones(stop, dtype=torch.bool)
    prime[:2] = False
    for divisor in range(2, math.isqrt(stop - 1) + 1):
        if prime[divisor]:
            prime[divisor * divisor :: divisor] = False
    return Listed(prime.nonzero().flatten().tolist())


def bars_and_stripes(rows: int, columns: int) -> Listed:
    """Images of rows × columns bits in which each row has one colour (bars), or each column has (stripes).

    An image is an integer whose most significant bit is the image's first, read row by row. There are
    2^rows + 2^columns − 2 of them: the two images of one colour are bars and stripes alike. MacKay 2003, section 43.
    Rows and columns are from 1 to 16, and their product is at most 62.
    """
    rows, columns = integer("rows", rows, 1, 16), integer("columns", columns, 1, 16)
    if rows * columns > 62:
        allowed = f"makes images of {rows * columns} bits with rows={rows}; at most 62"
        raise InvalidValueError("columns", columns, allowed)
    row, column = (1 << columns) - 1, sum(1 << (columns * index) for index in range(rows))
    bars = {sum(row << (columns * index) for index in range(rows) if bits >> index & 1) for bits in range(1 << rows)}
    stripes = {column * bits for bits in range(1 << columns)}
    return Listed(bars | stripes)


class Parity(Pattern, Unbounded):
    """Integers below `stop`, 2 ≤ stop ≤ 2^62, with an even, or an odd, number of ones among their bits.

    Only all bits together show the pattern: without any one of them, the others are uniform and independent.
    """

    def __init__(self, stop: int, ones: str = "even") -> None:
        self.odd = choice("ones", ones, ("even", "odd")) == "odd"
        self.stop = integer("stop", stop, 2, 2**62)
        # Of each pair 2i, 2i + 1 exactly one is real, and its rank is i.
        last = self.stop - 1
        self.size = self.stop // 2 + int(self.stop % 2 == 1 and last.bit_count() % 2 == self.odd)

    @override
    def contains(self, integers: Tensor) -> Tensor:
        return (count_ones(integers) % 2 == int(self.odd)) & (integers >= 0) & (integers < self.stop)

    @override
    def continues(self, digits: Tensor, base: int) -> Tensor:
        if base.bit_count() != 1:
            raise UsageError(f"pattern: the parity of bits is unknown from digits of base {base}")
        return count_ones(digits).sum(-1) % 2 == int(self.odd)

    @override
    def rank(self, integers: Tensor) -> Tensor:
        return integers >> 1

    @override
    def member(self, ranks: Tensor) -> Tensor:
        return (ranks << 1) + (count_ones(ranks) + int(self.odd)) % 2


class Cardinality(Pattern):
    """Integers of `bits` bits, exactly `ones` of which are one; 1 ≤ bits ≤ 62 and 0 ≤ ones ≤ bits.

    Ranks are those of the combinatorial number system: ones at positions p_1 < p_2 < … have rank Σ C(p_i, i).
    """

    def __init__(self, bits: int, ones: int) -> None:
        self.bits = integer("bits", bits, 1, 62)
        self.ones = integer("ones", ones, 0, self.bits)
        self.size, self.stop = math.comb(self.bits, self.ones), 1 << self.bits
        self.choices = torch.tensor([[math.comb(p, i) for p in range(self.bits)] for i in range(self.ones + 1)])

    @override
    def contains(self, integers: Tensor) -> Tensor:
        return (count_ones(integers) == self.ones) & (integers >= 0) & (integers < self.stop)

    @override
    def rank(self, integers: Tensor) -> Tensor:
        positions = torch.arange(self.bits, device=integers.device)
        bits = (integers.unsqueeze(-1) >> positions) & 1
        order = bits.cumsum(-1).clamp(max=self.ones)
        return (self.choices.to(integers.device)[order, positions] * bits).sum(-1)

    @override
    def member(self, ranks: Tensor) -> Tensor:
        integers, choices = torch.zeros_like(ranks), self.choices.to(ranks.device)
        for one in range(self.ones, 0, -1):
            position = torch.searchsorted(choices[one], ranks.contiguous(), right=True) - 1
            integers, ranks = integers | (1 << position), ranks - choices[one][position]
        return integers


def count_ones(integers: Tensor) -> Tensor:
    """int64 [...], each ≥ 0 → int64 [...]: the number of ones among the bits of each.

    Counts are summed in pairs, fours and eights of bits; one product then sums the bytes.
    """
    pairs = integers - ((integers >> 1) & 0x5555555555555555)
    fours = (pairs & 0x3333333333333333) + ((pairs >> 2) & 0x3333333333333333)
    eights = (fours + (fours >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (eights * 0x0101010101010101) >> 56
