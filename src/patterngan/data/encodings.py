"""Encodings: integers ⇄ codes. Both directions take tensors of any shape and stay on their device."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from patterngan.validation import InvalidValueError, integer

WIDEST_CODE = 2**16
"""A one-hot code wider than this is a slip of the keyboard: its linear layers would not fit in memory."""


@runtime_checkable
class Encoding(Protocol):
    """A way to write the integers 0 … capacity−1 as float vectors of length `width`.

    Codes may exist that decode to capacity or above; such integers are invalid for every pattern.
    """

    capacity: int
    width: int
    symbols: tuple[int, ...]
    """What a code is made of, in order: 1 for a bit, the number of categories for a one-hot. Their sum is `width`."""

    def encode(self, integers: Tensor) -> Tensor:
        """int64 [...] → float32 [..., width], a hard code of zeros and ones."""
        ...

    def decode(self, codes: Tensor) -> Tensor:
        """Float [..., width] → int64 [...]: the integer that a hard or soft code stands for."""
        ...


class Binary:
    """The `(capacity−1).bit_length()` bits of an integer, most significant first; a bit is on above 0.5.

    Raises:
        InvalidValueError: unless 2 ≤ capacity ≤ 2^62 (beyond, int64 arithmetic is not exact).
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = integer("capacity", capacity, 2, 2**62)
        self.width = (capacity - 1).bit_length()
        self.symbols = (1,) * self.width

    def encode(self, integers: Tensor) -> Tensor:
        """See `Encoding.encode`."""
        shifts = torch.arange(self.width - 1, -1, -1, device=integers.device)
        return ((integers.unsqueeze(-1) >> shifts) & 1).float()

    def decode(self, codes: Tensor) -> Tensor:
        """See `Encoding.decode`."""
        # Products and not shifts: ONNX has no shift of signed integers.
        values = 2 ** torch.arange(self.width - 1, -1, -1, device=codes.device)
        return ((codes > 0.5) * values).sum(-1)


class OneHot:
    """One-hot of the quotient by k, `ceil(capacity/k)` wide, followed by one-hot of the remainder, k wide.

    Decodes each half by its largest entry, so a code that is not one-hot stands for an integer too.

    Raises:
        InvalidValueError: unless capacity ≥ 2, 1 ≤ k ≤ capacity and the code is at most `WIDEST_CODE` wide.
    """

    def __init__(self, capacity: int, k: int) -> None:
        self.capacity = integer("capacity", capacity, 2, 2**62)
        self.k = integer("k", k, 1, capacity)
        self.quotients = -(-capacity // k)
        self.width = self.quotients + k
        self.symbols = self.quotients, k
        if self.width > WIDEST_CODE:
            raise InvalidValueError(
                "capacity", capacity, f"needs one-hot codes of width {self.width}; at most {WIDEST_CODE}"
            )

    def encode(self, integers: Tensor) -> Tensor:
        """See `Encoding.encode`."""
        quotient = torch.div(integers, self.k, rounding_mode="floor")
        ones = torch.stack([quotient, self.quotients + integers % self.k], -1)
        return torch.zeros(*integers.shape, self.width, device=integers.device).scatter_(-1, ones, 1.0)

    def decode(self, codes: Tensor) -> Tensor:
        """See `Encoding.decode`."""
        quotient, remainder = codes[..., : self.quotients], codes[..., self.quotients :]
        return quotient.argmax(-1) * self.k + remainder.argmax(-1)
