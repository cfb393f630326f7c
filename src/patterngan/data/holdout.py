"""Holdouts: patterns of which training is shown a part."""

from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from patterngan.data.patterns import LARGEST_LISTED, Listed, Pattern
from patterngan.data.streams import seeded
from patterngan.validation import InvalidValueError, integer, number


class HeldOut(Pattern):
    """A pattern of which training is shown a part: does the generator make the rest all the same?

    Held-out integers are real. Which ones they are depends on the pattern, on how many are shown and on a seed of
    their own, not on the run's seed. What is shown is listed; what is held out is not, and may be of any number.

    Args:
        pattern: the whole.
        shown: how many of its integers training sees, from 1 to 2^20 and fewer than there are.
        seed: of the choice.
    """

    def __init__(self, pattern: Pattern, shown: int, seed: int = 0) -> None:
        self.pattern, self.size, self.stop = pattern, pattern.size, pattern.stop
        self.held = pattern.size - shown
        """How many integers training does not see."""
        generator = seeded(seed, "holdout")
        if pattern.size <= LARGEST_LISTED:
            ranks = torch.randperm(pattern.size, generator=generator)[self.held :]
        else:
            ranks = distinct(pattern.size, shown, generator)
        self.seen = Listed(pattern.member(ranks).tolist())
        """The integers that training sees, in rising order."""

    @override
    def contains(self, integers: Tensor) -> Tensor:
        return self.pattern.contains(integers)

    def withholds(self, integers: Tensor) -> Tensor:
        """Which integers are real but not seen, bool [...]."""
        return self.contains(integers) & ~self.seen.contains(integers)

    @override
    def rank(self, integers: Tensor) -> Tensor:
        return self.pattern.rank(integers)

    @override
    def member(self, ranks: Tensor) -> Tensor:
        return self.pattern.member(ranks)


def distinct(size: int, count: int, generator: torch.Generator) -> Tensor:
    """`count` different numbers below `size`, int64 [count]; every set of so many is equally likely.

    Draws until there are enough, which no memory for all numbers is needed for; count is below size.
    """
    numbers = torch.empty(0, dtype=torch.int64)
    while len(numbers) < count:
        numbers = torch.cat([numbers, torch.randint(size, (count,), generator=generator)]).unique()
    return numbers[torch.randperm(len(numbers), generator=generator)[:count]]


def with_holdout(pattern: Pattern, holdout: Any = 0, holdout_seed: Any = 0, shown: Any = None) -> Pattern:
    """A pattern with the holdout that a config asks for, the pattern itself where it asks for none.

    Args:
        pattern: the whole.
        holdout: share of its integers that training does not see; 0: none.
        holdout_seed: of the choice of these.
        shown: how many integers training sees, in place of the share; None: as the share says.

    Raises:
        InvalidValueError: where nothing is left for training, nothing is held out, or more than 2^20 would be listed.
    """
    share, seed = number("holdout", holdout, 0, 1), integer("holdout_seed", holdout_seed, 0, 2**62)
    if shown is not None and share:
        raise InvalidValueError("shown", shown, f"stands in place of holdout={holdout}; type one of the two")
    if shown is None and not share:
        return pattern
    if shown is None:
        key, value, count = "holdout", holdout, pattern.size - round(share * pattern.size)
    else:
        key, value, count = "shown", shown, integer("shown", shown, 1, LARGEST_LISTED)
    held = pattern.size - count
    if count < 1 or held < 1:
        parts = f"leaves {count} of the pattern's {pattern.size} integers for training, {held} unseen"
        raise InvalidValueError(key, value, f"{parts}; both must be at least 1")
    if count > LARGEST_LISTED:
        allowed = f"leaves {count} integers for training; at most {LARGEST_LISTED} are listed, such as shown=50000"
        raise InvalidValueError(key, value, allowed)
    return HeldOut(pattern, count, seed)
