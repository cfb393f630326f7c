"""Encodings: integers ⇄ codes. Both directions take tensors of any shape and stay on their device."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from typing_extensions import override

from patterngan.validation import InvalidValueError, choice, integer

LENGTHS = ("full", "all")
"""Codes have all symbols, or an integer is shown at every number of symbols that it fits into."""

Symbols = Sequence[int]
"""The sizes of a code's symbols, in order: 1 for a bit, the number of categories for a one-hot."""

WIDEST_CODE = 2**16
"""The widest one-hot code: a linear layer on wider ones would not fit in memory."""


BLANK = -1.0
"""What every entry of a symbol is before a code begins that has fewer symbols than others."""


def present(symbol: Tensor) -> Tensor:
    """Which symbols [..., size] are there, bool [..., 1]: those that are not blank."""
    return symbol[..., :1] >= 0


def cut_to(codes: Tensor, lengths: Tensor, symbols: Symbols) -> Tensor:
    """Codes [..., width] of which only the last symbols are there, as many as `lengths` [...] says."""
    to_go = [len(symbols) - index for index, size in enumerate(symbols) for _ in range(size)]
    return codes.masked_fill(torch.tensor(to_go, device=codes.device) > lengths.unsqueeze(-1), BLANK)


def lengths_of(codes: Tensor, size: int) -> Tensor:
    """How many symbols codes [..., width] of symbols of one size have, [..., 1]."""
    return present(codes.unflatten(-1, (-1, size))).sum(-2)


def digits_of(codes: Tensor, size: int) -> Tensor:
    """The digits of hard codes [..., width] of symbols of one size, int64 [..., symbols]: bits, or categories."""
    return codes.long() if size == 1 else codes.unflatten(-1, (-1, size)).argmax(-1)


@runtime_checkable
class Encoding(Protocol):
    """Writes the integers 0 … capacity−1 as float vectors of length `width`.

    Some codes may decode to capacity or above; no pattern contains these integers.
    """

    capacity: int
    width: int
    symbols: tuple[int, ...]
    """The sizes of a code's symbols; their sum is `width`."""

    def encode(self, integers: Tensor) -> Tensor:
        """int64 [...] → float32 [..., width]: hard codes, of zeros and ones."""

    def decode(self, codes: Tensor) -> Tensor:
        """Float [..., width] → int64 [...]: the integers that hard or soft codes stand for."""


class Binary(Encoding):
    """The `(capacity−1).bit_length()` bits of an integer, most significant first; a bit is on above 0.5.

    2 ≤ capacity ≤ 2^62: above, int64 arithmetic is not exact.
    """

    def __init__(self, capacity: int, lengths: str = "full") -> None:
        self.capacity = integer("capacity", capacity, 2, 2**62)
        self.lengths = choice("lengths", lengths, LENGTHS)
        self.width = (capacity - 1).bit_length()
        self.symbols = (1,) * self.width

    @override
    def encode(self, integers: Tensor) -> Tensor:
        shifts = torch.arange(self.width - 1, -1, -1, device=integers.device)
        return ((integers.unsqueeze(-1) >> shifts) & 1).float()

    @override
    def decode(self, codes: Tensor) -> Tensor:
        return number_of((codes > 0.5).long(), 2)


class OneHot(Encoding):
    """One-hot of the quotient by k, `ceil(capacity/k)` wide, followed by one-hot of the remainder, k wide.

    A soft code is decoded by the largest entry of each half. 1 ≤ k ≤ capacity; codes are at most `WIDEST_CODE` wide.
    """

    def __init__(self, capacity: int, k: int) -> None:
        self.capacity = integer("capacity", capacity, 2, 2**62)
        self.k = integer("k", k, 1, capacity)
        self.quotients = -(-capacity // k)
        self.width = self.quotients + k
        self.symbols = self.quotients, k
        if self.width > WIDEST_CODE:
            allowed = f"needs one-hot codes of width {self.width}; at most {WIDEST_CODE}"
            raise InvalidValueError("capacity", capacity, allowed)

    @override
    def encode(self, integers: Tensor) -> Tensor:
        quotient = torch.div(integers, self.k, rounding_mode="floor")
        ones = torch.stack([quotient, self.quotients + integers % self.k], -1)
        zeros = torch.zeros(*integers.shape, self.width, dtype=torch.float32, device=integers.device)
        return zeros.scatter_(-1, ones, 1.0)

    @override
    def decode(self, codes: Tensor) -> Tensor:
        quotient, remainder = codes[..., : self.quotients], codes[..., self.quotients :]
        return quotient.argmax(-1) * self.k + remainder.argmax(-1)


class Digits(Encoding):
    """The digits of an integer to a base, most significant first, as many as capacity − 1 has, each a one-hot.

    A soft digit is decoded by its largest entry. 2 ≤ capacity ≤ 2^62 and 2 ≤ base ≤ 256. What is above 2^63 − 1, or
    begins with a digit that may lead there, is decoded to 2^63 − 1: the largest of int64.
    """

    def __init__(self, capacity: int, base: int, lengths: str = "full") -> None:
        self.capacity, self.base = integer("capacity", capacity, 2, 2**62), integer("base", base, 2, 256)
        self.lengths = choice("lengths", lengths, LENGTHS)
        self.values = [1]
        """What a one in each place stands for, the most significant first."""
        while self.values[0] * base < capacity:
            self.values.insert(0, self.values[0] * base)
        self.symbols = (base,) * len(self.values)
        self.width = sum(self.symbols)

    @override
    def encode(self, integers: Tensor) -> Tensor:
        values = torch.tensor(self.values, device=integers.device)
        digits = torch.div(integers.unsqueeze(-1), values, rounding_mode="floor") % self.base
        categories = torch.arange(self.base, device=integers.device)
        return (digits.unsqueeze(-1) == categories).float().flatten(-2)

    @override
    def decode(self, codes: Tensor) -> Tensor:
        digits = digits_of(codes, self.base)
        too_large = digits[..., 0] > 2**63 // self.values[0] - 1
        return torch.where(too_large, 2**63 - 1, number_of(digits, self.base))


def number_of(digits: Tensor, base: int) -> Tensor:
    """The numbers that digits stand for, most significant first: int64 [..., digits] → int64 [...].

    Horner's rule, because ONNX Runtime is exact where it adds or multiplies two tensors of int64, and rounds to double
    precision where it sums one along an axis or takes powers.
    """
    first, *others = digits.unbind(-1)
    for digit in others:
        first = first * base + digit
    return first
