"""Portraits: the numbers from which figures of a GAN at one step are drawn.

A portrait has 13 bytes for each integer, so every run of a sweep keeps its own. Figures are drawn later, and of fewer.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Pattern
from patterngan.evaluation.law import Law

MOST_INTEGERS = 4096
"""The most integers that are drawn; a run of so many keeps a megabyte. Encodings of more have no portraits."""

MOST_PORTRAITS, MOST_PICTURES = 18, 9
"""The most portraits of a run, and the most that are drawn for TensorBoard, besides the one before training.

TensorBoard's default is to keep ten pictures of each kind, chosen at random where there are more.
"""

D_BATCH = 2**13
"""Codes in one forward pass of D."""


class Portrait(NamedTuple):
    """The laws, the discriminator's scores and a few codes of a GAN.

    A law has an entry for each of the integers 0 … capacity−1, and a last one for all integers above.
    """

    law: Tensor
    """The generated integers' law, float32 [capacity + 1]."""
    target: Tensor
    """The pattern's law, float32 [capacity + 1]."""
    d_scores: Tensor
    """D's probability that each integer is real, float32 [capacity]."""
    codes: Tensor
    """A few generated codes, float32 [shown, width]."""
    integers: Tensor
    """The integers that these codes stand for, int64 [shown]."""
    held: Tensor
    """Which integers are real, and held out of training, bool [capacity + 1]."""
    symbols: Tensor
    """The sizes of a code's symbols, int64 [symbols]; their sum is the width."""


def portrait(generated: Law, codes: Tensor, logits: Tensor, pattern: Pattern, encoding: Encoding) -> Portrait:
    """The portrait of a GAN, on the CPU.

    Args:
        generated: the generator's law, [n].
        codes: a few generated codes to show, float [shown, width].
        logits: D's of each integer, see `d_logits`.
        pattern: the truth.
        encoding: of integers and codes.
    """
    numbers = torch.arange(encoding.capacity + 1, device=logits.device)
    places = generated.integers.clamp(max=encoding.capacity)
    law = torch.bincount(places, generated.probabilities, minlength=len(numbers)).float()
    target = pattern.contains(numbers).float() / pattern.size
    scores = logits.sigmoid().float().cpu()
    shown, integers = codes.float().cpu(), encoding.decode(codes).cpu()
    held = pattern.withholds(numbers) if isinstance(pattern, HeldOut) else numbers < 0
    return Portrait(law.cpu(), target.cpu(), scores, shown, integers, held.cpu(), torch.tensor(encoding.symbols))


def d_logits(discriminator: Callable[[Tensor], Tensor], reals: Tensor, encoding: Encoding, compared: int) -> Tensor:
    """D's logit of each of the integers 0 … capacity−1, in codes of all symbols, [capacity].

    Args:
        discriminator: codes [batch, width] → logits [batch], or [packs]. It has no noise on its states.
        reals: integers of the pattern; a D that compares codes reads each integer in a group with some of them.
        encoding: of integers and codes.
        compared: how many codes D compares with each other.
    """
    integers = torch.arange(encoding.capacity, device=reals.device)
    company = reals[torch.arange(compared - 1, device=reals.device) % len(reals)]
    groups = torch.cat([integers[:, None], company.expand(len(integers), -1)], 1)
    logits = [
        discriminator(encoding.encode(some).flatten(0, 1)).view(len(some), -1)[:, 0]
        for some in groups.split(max(1, D_BATCH // compared))
    ]
    return torch.cat(logits)


def due(step: int, interval: int, steps: int, most: int) -> bool:
    """Whether an evaluation is one of the `most` chosen in a run, besides the first; the last is always chosen.

    Args:
        step: GAN step of the evaluation.
        interval: GAN steps from one evaluation to the next.
        steps: GAN steps of the run.
        most: evaluations to choose after the first.
    """
    return step == 0 or step * most // steps > (step - interval) * most // steps
