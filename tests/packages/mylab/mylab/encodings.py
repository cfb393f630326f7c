"""Encodings."""

from torch import Tensor

from patterngan.data.encodings import Binary


class Gray(Binary):
    """The reflected binary code: the codes of n and n + 1 differ in one bit."""

    def encode(self, integers: Tensor) -> Tensor:
        """The binary code of n xor ⌊n/2⌋."""
        return super().encode(integers ^ (integers >> 1))

    def decode(self, codes: Tensor) -> Tensor:
        """Bit i of n is the parity of bits 0 … i of its code, the most significant first."""
        return super().decode(((codes > 0.5).long().cumsum(-1) % 2).float())
