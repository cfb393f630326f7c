"""Comparisons over seeds: intervals of medians, and which settings can be told from the best. By scipy.

scipy.stats takes a second to import, so it is imported where seeds are compared, and never for a run alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05
"""The expected share of wrong ones among the settings that are said to differ; intervals are of 1 − LEVEL."""

FEWEST_PAIRS = 6
"""The fewest pairs of which Wilcoxon's two-sided test can be below `LEVEL`: with n pairs its smallest p is 2 / 2^n."""

FEWEST_OF_INTERVAL = 6
"""The fewest values whose whole range holds the median of their law with 95%; see `range_coverage`."""

FEW = 10
"""Up to so many values with ties the p of Mann–Whitney's test is computed from all permutations."""


@dataclass(frozen=True)
class Contest:
    """A setting against a better one, over their seeds."""

    wins: float
    """The probability that a run of the better setting beats a run of the other, where a tie counts half.

    Source: the probability of improvement of Agarwal et al. 2021, arXiv 2108.13264.
    """
    p: float
    """Of a two-sided test of no difference."""
    pairs: int
    """How many seeds the test pairs; 0 where it pairs none."""

    @property
    def told_apart(self) -> bool:
        """Whether the two settings differ by more than seeds do."""
        return self.p <= LEVEL


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The ends of the percentile bootstrap's 95% interval of the median, the same each time.

    Of fewer than `FEWEST_OF_INTERVAL` values it is the lowest and the highest; see `range_coverage`.
    """
    if len(values) < FEWEST_OF_INTERVAL:
        return min(values), max(values)
    from scipy.stats import bootstrap

    rng = np.random.default_rng(0)
    drawn = bootstrap((values,), np.median, confidence_level=1 - LEVEL, method="percentile", rng=rng)
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)


def range_coverage(count: int) -> float:
    """The probability that the median of a law lies between the lowest and the highest of so many draws.

    It does unless all draws fall on one side of it: 1 − 2 · 2^−count.
    """
    return 1 - 2.0 ** (1 - count)


def smallest_p(count: int) -> float:
    """The smallest p that a test of two settings with so many shared seeds each can have."""
    return 2 / 2**count if count >= FEWEST_PAIRS else 2 / math.comb(2 * count, count)


def contest(better: Mapping[int, float], other: Mapping[int, float]) -> Contest | None:
    """The comparison of two settings, from their scores by seed, of which lower ones are better.

    Wilcoxon's signed-rank test where they share at least `FEWEST_PAIRS` seeds, else Mann–Whitney's test. The latter
    does not pair: whatever runs of one seed have in common makes its p larger.

    Returns:
        None where either has fewer than two seeds.
    """
    if min(len(better), len(other)) < 2:
        return None
    ours, theirs = np.array([*better.values()]), np.array([*other.values()])
    wins = float(((ours[:, None] < theirs) + 0.5 * (ours[:, None] == theirs)).mean())
    shared = sorted(better.keys() & other.keys())
    if len(shared) < FEWEST_PAIRS:
        return Contest(wins, _unpaired_p(ours, theirs), 0)
    return Contest(wins, _paired_p([better[seed] - other[seed] for seed in shared]), len(shared))


def _unpaired_p(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    from scipy.stats import PermutationMethod, mannwhitneyu

    values = np.concatenate([ours, theirs])
    few_with_ties = len(np.unique(values)) < len(values) <= FEW
    return float(mannwhitneyu(ours, theirs, method=PermutationMethod() if few_with_ties else "auto").pvalue)


def _paired_p(differences: Sequence[float]) -> float:
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences).pvalue) if any(differences) else 1.0


def adjusted(contests: Sequence[Contest | None]) -> list[Contest | None]:
    """The same contests with p adjusted for their number.

    The adjustment is Benjamini and Hochberg's: of the settings that are then told apart, a share of `LEVEL` is expected
    not to differ. With few seeds one of many settings alone cannot be told apart, but many together can.
    """
    held = [one for one in contests if one is not None]
    if not held:
        return list(contests)
    from scipy.stats import false_discovery_control

    adjusted = iter(false_discovery_control([one.p for one in held]).tolist())
    return [one and replace(one, p=next(adjusted)) for one in contests]
