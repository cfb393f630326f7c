"""Patterns."""

from patterngan.data.patterns import Listed


def triangular(stop: int) -> Listed:
    """The triangular numbers below `stop`."""
    return Listed([n * (n + 1) // 2 for n in range(stop) if n * (n + 1) // 2 < stop])
