"""Patterns: which integers are real. A pattern is a finite set of integers with the uniform law on it."""

import math
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from patterngan.data.streams import seeded
from patterngan.validation import InvalidValueError, choice, integer, number

LARGEST_LISTED = 2**20
"""Supports up to this size can be held in memory as a list."""


@runtime_checkable
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


class Listed:
    """The integers of a list.

    Raises:
        InvalidValueError: unless `integers` are at least one and at most 2^20 different ones from 0 to 2^62 - 1.
    """

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

    def contains(self, integers: Tensor) -> Tensor:
        """See `Pattern.contains`."""
        support = self.integers.to(integers.device)
        return support[self.rank(integers).clamp(max=self.size - 1)] == integers

    def rank(self, integers: Tensor) -> Tensor:
        """See `Pattern.rank`."""
        return torch.searchsorted(self.integers.to(integers.device), integers.contiguous())

    def member(self, ranks: Tensor) -> Tensor:
        """See `Pattern.member`."""
        return self.integers.to(ranks.device)[ranks]


def listed(integers: Any) -> Listed:
    """The integers that the user gives, see `Listed`.

    Raises:
        InvalidValueError: see there.
    """
    return Listed(integers)


def primes(stop: int) -> Listed:
    """The primes below `stop`, by the sieve of Eratosthenes.

    Raises:
        InvalidValueError: unless 3 ≤ stop ≤ 2^23 (there are 564 163 primes below).
    """
    stop = integer("stop", stop, 3, 2**23)
    prime = torch.ones(stop, dtype=torch.bool)
    prime[:2] = False
    for divisor in range(2, math.isqrt(stop - 1) + 1):
        if prime[divisor]:
            prime[divisor * divisor :: divisor] = False
    return Listed(prime.nonzero().flatten().tolist())


def bars_and_stripes(rows: int, columns: int) -> Listed:
    """Images of rows × columns bits in which every row is of one colour, or every column.

    The first bit of the image, row by row, is the integer's most significant. There are 2^rows + 2^columns − 2:
    the two of one colour are both. MacKay 2003, section 43.

    Raises:
        InvalidValueError: unless rows and columns are from 1 to 16 and their product is at most 62.
    """
    rows, columns = integer("rows", rows, 1, 16), integer("columns", columns, 1, 16)
    if rows * columns > 62:
        raise InvalidValueError(
            "columns", columns, f"makes images of {rows * columns} bits with rows={rows}; at most 62"
        )
    row, column = (1 << columns) - 1, sum(1 << (columns * index) for index in range(rows))
    bars = {sum(row << (columns * index) for index in range(rows) if bits >> index & 1) for bits in range(1 << rows)}
    return Listed(bars | {column * bits for bits in range(1 << columns)})


class Parity:
    """Integers below `stop` with an even, or an odd, number of ones among their bits.

    No fewer than all bits tell: any bits but one are uniform and independent.

    Raises:
        InvalidValueError: unless 2 ≤ stop ≤ 2^62 and ones is even or odd.
    """

    def __init__(self, stop: int, ones: str = "even") -> None:
        self.odd = choice("ones", ones, ("even", "odd")) == "odd"
        self.stop = integer("stop", stop, 2, 2**62)
        # Of each pair 2i, 2i + 1 one is real: it is number i.
        last = self.stop - 1
        self.size = self.stop // 2 + int(self.stop % 2 == 1 and last.bit_count() % 2 == self.odd)

    def contains(self, integers: Tensor) -> Tensor:
        """See `Pattern.contains`."""
        return (count_ones(integers) % 2 == int(self.odd)) & (integers >= 0) & (integers < self.stop)

    def rank(self, integers: Tensor) -> Tensor:
        """See `Pattern.rank`."""
        return integers >> 1

    def member(self, ranks: Tensor) -> Tensor:
        """See `Pattern.member`."""
        return (ranks << 1) + (count_ones(ranks) + int(self.odd)) % 2


class Cardinality:
    """Integers of `bits` bits of which exactly `ones` are one.

    Numbered by the combinatorial number system: positions p_1 < p_2 < … of the ones have rank Σ C(p_i, i).

    Raises:
        InvalidValueError: unless 1 ≤ bits ≤ 62 and 0 ≤ ones ≤ bits.
    """

    def __init__(self, bits: int, ones: int) -> None:
        self.bits = integer("bits", bits, 1, 62)
        self.ones = integer("ones", ones, 0, self.bits)
        self.size, self.stop = math.comb(self.bits, self.ones), 1 << self.bits
        self.choices = torch.tensor([[math.comb(p, i) for p in range(self.bits)] for i in range(self.ones + 1)])

    def contains(self, integers: Tensor) -> Tensor:
        """See `Pattern.contains`."""
        return (count_ones(integers) == self.ones) & (integers >= 0) & (integers < self.stop)

    def rank(self, integers: Tensor) -> Tensor:
        """See `Pattern.rank`."""
        positions = torch.arange(self.bits, device=integers.device)
        bits = (integers.unsqueeze(-1) >> positions) & 1
        order = bits.cumsum(-1).clamp(max=self.ones)
        return (self.choices.to(integers.device)[order, positions] * bits).sum(-1)

    def member(self, ranks: Tensor) -> Tensor:
        """See `Pattern.member`."""
        found, choices = torch.zeros_like(ranks), self.choices.to(ranks.device)
        for one in range(self.ones, 0, -1):
            position = torch.searchsorted(choices[one], ranks.contiguous(), right=True) - 1
            found, ranks = found | (1 << position), ranks - choices[one][position]
        return found


def count_ones(integers: Tensor) -> Tensor:
    """How many bits of each integer ≥ 0 are one: summed in pairs, fours and eights, all bytes by one product."""
    pairs = integers - ((integers >> 1) & 0x5555555555555555)
    fours = (pairs & 0x3333333333333333) + ((pairs >> 2) & 0x3333333333333333)
    eights = (fours + (fours >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (eights * 0x0101010101010101) >> 56


class HeldOut:
    """A pattern of which a share is kept out of training: does the generator make what it has never seen?

    Which integers are held out depends on the pattern and the share alone, not on the run's seed.

    Raises:
        InvalidValueError: unless 0 < holdout < 1 holds out one integer at least, and leaves one.
    """

    def __init__(self, pattern: Pattern, holdout: Any) -> None:
        share = number("holdout", holdout, 0, 1)
        held = round(share * pattern.size)
        if pattern.size > LARGEST_LISTED:
            raise InvalidValueError("holdout", holdout, f"lists the support, {pattern.size}; at most {LARGEST_LISTED}")
        if not 0 < held < pattern.size:
            parts = f"leaves {pattern.size - held} of the pattern's {pattern.size} integers for training, {held} unseen"
            raise InvalidValueError("holdout", holdout, f"{parts}; both must be at least 1")
        self.pattern, self.size, self.stop, self.held = pattern, pattern.size, pattern.stop, held
        order = torch.randperm(pattern.size, generator=seeded(0, "holdout"))
        self.seen = Listed(pattern.member(order[held:]).tolist())
        """What training sees."""

    def contains(self, integers: Tensor) -> Tensor:
        """See `Pattern.contains`; what is held out is real too."""
        return self.pattern.contains(integers)

    def rank(self, integers: Tensor) -> Tensor:
        """See `Pattern.rank`."""
        return self.pattern.rank(integers)

    def member(self, ranks: Tensor) -> Tensor:
        """See `Pattern.member`."""
        return self.pattern.member(ranks)
