"""Portraits: what a GAN looks like at a moment of its training, as numbers that figures are drawn from.

A few kilobytes each, so every run of a sweep can keep its own; what is drawn of them, and when, is another matter.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.patterns import Pattern

MOST_INTEGERS = 2048
"""Integers that can be told apart in a figure; runs with more have no portraits."""

MOST_PORTRAITS, MOST_PICTURES = 18, 9
"""Portraits of a run, and of these the ones that TensorBoard gets drawn, after the one before training.

Unless told otherwise TensorBoard keeps ten pictures of each kind, at random where there are more.
"""

JUDGED = 2**13
"""Codes that D looks at at a time."""


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
    logits = [
        discriminator(encoding.encode(some).flatten(0, 1)).view(len(some), -1)[:, 0]
        for some in judged.split(max(1, JUDGED // compared))
    ]
    return Portrait(
        law=counts.float() / len(integers),
        target=pattern.contains(numbers).float() / pattern.size,
        verdicts=torch.cat(logits).sigmoid(),
        codes=codes.float(),
        integers=encoding.decode(codes),
    )


def due(step: int, before: int, steps: int, most: int) -> bool:
    """Whether what is done at most so often in a run is due at an evaluation; it always is at the first and the last.

    Args:
        step: of the evaluation.
        before: of the one before it.
        steps: of the run.
        most: how often, after the first.
    """
    return step == 0 or step * most // steps > before * most // steps


def due_at(step: int, every: int, steps: int, most: int) -> bool:
    """`due`, at an evaluation of a run that has one every so many steps."""
    return due(step, evaluation_before(step, every), steps, most)


def evaluation_before(step: int, every: int) -> int:
    """The step of the evaluation before the one at `step`, where there is one every so many steps, and at the end."""
    return max(0, -(-step // every) - 1) * every
