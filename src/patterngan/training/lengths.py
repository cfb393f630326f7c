"""At how many symbols an integer is shown, where codes have lengths of their own."""

from bisect import bisect_left

import torch
from torch import Tensor
from typing_extensions import override

from patterngan.data.encodings import Symbols
from patterngan.data.patterns import Pattern
from patterngan.data.streams import CHUNK, ChunkedStream
from patterngan.gan.enumeration import choices
from patterngan.gan.schedules import Schedule, progress_at
from patterngan.validation import UsageError


class LengthStream(ChunkedStream):
    """Integers, and the number of symbols that each is shown at: int64 [steps, reals, 2].

    A length is as likely as a power of the number of integers that fit into it; of these, each is as likely. Integers
    that are held out are shown at no length.
    """

    def __init__(self, pattern: Pattern, symbols: Symbols, power: Schedule, steps: int, reals: int, seed: int) -> None:
        super().__init__((reals, 2), torch.int64, seed, "data")
        self.pattern, self.power, self.steps = pattern, power, steps
        lengths = range(1, len(symbols) + 1)
        self.fitting = [integers_below(pattern, choices(symbols[-length:])) for length in lengths]
        """How many integers fit into one symbol, into two, and so on."""
        if not any(self.fitting[:-1]):
            raise UsageError("encoding.lengths=all: no integer of training fits into fewer symbols; use full")

    @override
    def fill(self, chunk: Tensor, index: int) -> None:
        source, shape = self.source(index, chunk.device), chunk.shape[:-1]
        fitting = torch.tensor(self.fitting, device=chunk.device)
        weights = torch.where(fitting > 0, fitting.double() ** self.power.at(progress_at(index * CHUNK, self.steps)), 0)
        places = torch.multinomial(weights, shape.numel(), replacement=True, generator=source).view(shape)
        shares = torch.rand(shape, generator=source, device=chunk.device, dtype=torch.float64)
        chunk[..., 0] = self.pattern.member((shares * fitting[places]).long())
        chunk[..., 1] = places + 1


def integers_below(pattern: Pattern, bound: int) -> int:
    """How many integers of a pattern are below a bound."""
    return bisect_left(range(pattern.size), bound, key=lambda rank: int(pattern.member(torch.tensor(rank))))
