"""Portraits: what a GAN looks like at a moment of its training, as numbers that figures are drawn from.

A few kilobytes each, so every run of a sweep can keep its own; what is drawn of them, and when, is another matter.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from patterngan.encodings import Encoding
from patterngan.patterns import Pattern

MOST_INTEGERS = 2048
"""Integers that can be told apart in a figure; runs with more have no portraits."""

MOST_PORTRAITS = 20
"""Portraits of a run after the one before training: TensorBoard keeps ten pictures of each kind by default."""


class Portrait(NamedTuple):
    """What a GAN looks like. The integers 0 … capacity−1 have an entry each; the last one of a law is all above."""

    law: Tensor
    """Share of the generated integers that is each integer, float32 [capacity + 1]."""
    target: Tensor
    """The pattern's law, float32 [capacity + 1]."""
    verdicts: Tensor
    """D's probability that each integer is real, float32 [capacity]."""
    codes: Tensor
    """A few generated codes, float32 [shown, width]."""
    integers: Tensor
    """What these decode to, int64 [shown]."""


def drawable(encoding: Encoding) -> bool:
    """Whether there are few enough integers to draw."""
    return encoding.capacity <= MOST_INTEGERS


def portrait(
    integers: Tensor,
    codes: Tensor,
    discriminator: Callable[[Tensor], Tensor],
    reals: Tensor,
    pattern: Pattern,
    encoding: Encoding,
    compared: int,
) -> Portrait:
    """The portrait of a GAN.

    Args:
        integers: generated, int64 [samples]: their empirical law is drawn.
        codes: a few generated ones to show, float [shown, width].
        discriminator: codes [batch, width] → logits [batch], or [packs].
        reals: integers of the pattern; where D compares codes, each integer is judged in their company.
        pattern: the truth.
        encoding: of all of them.
        compared: how many codes D compares with each other.
    """
    capacity = encoding.capacity
    numbers = torch.arange(capacity + 1, device=integers.device)
    counts = torch.bincount(integers.clamp(max=capacity), minlength=capacity + 1)
    company = reals[torch.arange(compared - 1, device=reals.device) % len(reals)]
    judged = torch.cat([numbers[:-1, None], company.expand(capacity, -1)], 1)
    verdicts = discriminator(encoding.encode(judged).flatten(0, 1)).sigmoid()
    return Portrait(
        law=counts.float() / len(integers),
        target=pattern.contains(numbers).float() / pattern.size,
        verdicts=verdicts.view(capacity, -1)[:, 0],
        codes=codes.float(),
        integers=encoding.decode(codes),
    )


def due(step: int, every: int, steps: int) -> bool:
    """Whether the evaluation at this step gets a portrait: the first and the last, and not too many in between.

    Args:
        step: that is evaluated.
        every: steps between evaluations.
        steps: of the run.
    """
    before = max(0, -(-step // every) - 1) * every
    return step == 0 or step * MOST_PORTRAITS // steps > before * MOST_PORTRAITS // steps
