"""Codes that are longer than those in training: does a generator go on as the pattern does?"""

from collections.abc import Iterable
from typing import Any

import torch

from patterngan.data.encodings import Symbols
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Pattern, Unbounded
from patterngan.data.streams import seeded
from patterngan.gan.enumeration import choices
from patterngan.gan.growing import GrowingGenerator
from patterngan.validation import InvalidValueError, UsageError, integer

SAMPLES = 10_000
"""Codes of each length of which the share is taken."""

LONGEST = 1024
"""The most symbols of a code that is generated."""


def checked_lengths(lengths: Any, symbols: Symbols, pattern: Pattern) -> tuple[int, ...]:
    """The lengths of the codes of which the validity is measured, once it is known that all can be.

    Raises:
        UsageError: naming the length that cannot be, or the pattern that ends at its stop.
    """
    if isinstance(lengths, str | int) or not isinstance(lengths, Iterable):
        raise InvalidValueError(
            "lengths", lengths, f"must be a list of numbers of symbols, such as [{2 * len(symbols)}]"
        )
    counts = tuple(integer("lengths", length, len(symbols), LONGEST) for length in lengths)
    if counts:
        _unbounded(pattern).continues(torch.zeros(1, 1, dtype=torch.int64), choices(symbols[:1]))  # for its errors
    return counts


def _unbounded(pattern: Pattern) -> Unbounded:
    """The pattern above its stop, what is held out included."""
    whole = pattern.pattern if isinstance(pattern, HeldOut) else pattern
    if not isinstance(whole, Unbounded):
        raise UsageError("evaluation.lengths: the pattern ends at its stop; must be empty, []")
    return whole


def name_at(length: int) -> str:
    """The name of the metric that is the validity at this length; see `registry`."""
    return f"validity_{length}"


@torch.no_grad()
def longer_validity(
    generator: GrowingGenerator, pattern: Pattern, lengths: Iterable[int], seed: int
) -> dict[str, float]:
    """The share of valid codes of each length, as the metrics validity_20, validity_40, …"""
    whole, metrics, device = _unbounded(pattern), dict[str, float](), next(generator.parameters()).device
    for length in lengths:
        source = seeded(seed, "evaluation", "longer", length, device=device)
        digits = generator.lengthened(length).sample_digits(SAMPLES, source)
        metrics[name_at(length)] = whole.continues(digits, choices(generator.symbols[:1])).double().mean().item()
    return metrics
