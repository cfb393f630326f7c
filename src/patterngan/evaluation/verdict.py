"""Verdicts: what the metrics of a run say, in words, by thresholds that are stated here.

The first that holds is given, from the worst on: a generator that makes nine integers of 64 is said to have collapsed,
even if some of what it makes is invalid too.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Grade = Literal["good", "fair", "bad"]
"""How a verdict, or one of its metrics, is coloured."""

MOST_INVALID = 0.5
"""Where a larger share of what is generated is invalid, that is said first."""

FEW_MODES, SOME_MODES, ALL_MODES = 0.5, 0.9, 0.99
"""Shares of the modes that a perfect sampler would show: below the first a generator has collapsed, below the last one
modes are missing; between the last two, an uneven law is said first."""

FEW_INVALID, INVALID = 0.01, 0.1
"""Shares of invalid integers: up to the first the verdict can be good, above the second it is bad."""

UNEVEN, SKEWED = 0.05, 0.25
"""tv above its floor: up to the first a law counts as uniform, above the second the verdict is bad."""

MEMORISED = 0.5
"""The share of held-out integers among valid ones, in units of their share of the pattern, below which a generator has
memorised its training set."""

ROUNDING = 1e-6
"""What a sum of probabilities may exceed 1 by."""

MEANINGS = {
    "learned": "It generates all of the pattern, about equally often, and hardly anything else.",
    "learned the rule": "It generates all of the pattern, about equally often, also what training never showed.",
    "uneven": "It generates valid integers, but some of them far more often than others.",
    "incomplete": "Some integers of the pattern are never or hardly ever generated.",
    "collapsed": "It generates fewer than half of the pattern's integers, again and again: mode collapse.",
    "invalid": "Part of what it generates is not in the pattern.",
    "memorised the training set": "It generates what training showed, and little of the pattern's other integers.",
    "diverged": "A loss or a weight was no longer a finite number; a smaller lr or a penalty may help.",
    "failed": "It ended with an error before its last step.",
}
"""What each verdict means, as in docs/runs.md."""


NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Small numbers as words."""


class Verdict(NamedTuple):
    """What became of a run."""

    name: str
    """A key of `MEANINGS`."""
    grade: Grade
    detail: str = ""
    """What is said after the name: `: 9 of 64 modes`."""

    @property
    def words(self) -> str:
        """The verdict on one line."""
        return f"{self.name}{self.detail}"

    @property
    def meaning(self) -> str:
        """One sentence."""
        return MEANINGS[self.name]


def ended(status: str, steps: int, metrics: Mapping[str, Any]) -> Verdict | None:
    """The verdict on a run by its status, its last step and its metrics; None where they say nothing."""
    if status in ("diverged", "failed"):
        return Verdict(status, "bad", f" at step {steps}")
    return verdict(metrics)


def verdict(metrics: Mapping[str, Any]) -> Verdict | None:
    """The verdict on a generator by its metrics; None where they lack the validity.

    Args:
        metrics: as of `metrics.report`, some of which may be missing or None.
    """
    validity = _number(metrics, "validity", math.nan)
    if not abs(validity - 0.5) <= 0.5 + ROUNDING:
        return None
    invalid, found, excess = 1 - validity, found_share(metrics), _excess(metrics)
    missing = Verdict("incomplete", "fair", f": {modes_in_words(metrics)}")
    if invalid > MOST_INVALID:
        return _invalid(invalid)
    if found < FEW_MODES:
        return Verdict("collapsed", "bad", f": {modes_in_words(metrics)}")
    if _novelty(metrics, validity) < MEMORISED:
        return Verdict("memorised the training set", "bad")
    if invalid > FEW_INVALID:
        return _invalid(invalid)
    if found < SOME_MODES:
        return missing
    if excess > UNEVEN:
        detail = f": {100 * excess:.0f}% of the probability is in the wrong place"
        return Verdict("uneven", _grade(excess, UNEVEN, SKEWED), detail)
    if found < ALL_MODES:
        return missing
    return Verdict("learned the rule" if "fidelity" in metrics else "learned", "good")


def grade(name: str, metrics: Mapping[str, Any]) -> Grade | None:
    """The grade of one metric; None where no threshold is stated for it."""
    if math.isnan(_number(metrics, name, math.nan)):
        return None
    if name == "validity":
        return _grade(1 - metrics[name], FEW_INVALID, INVALID)
    if name in ("modes", "coverage"):
        return _grade(1 - found_share(metrics), 1 - ALL_MODES, 1 - FEW_MODES)
    if name == "tv":
        return _grade(_excess(metrics), UNEVEN, SKEWED)
    return None


def _grade(fault: float, good: float, bad: float) -> Grade:
    return "good" if fault <= good else "bad" if fault > bad else "fair"


def found_share(metrics: Mapping[str, Any]) -> float:
    """The modes of what training showed, as a share of those that a perfect sampler would show in as many draws.

    Of n integers a sampler shows n (1 − (1 − 1/n)^samples) on average. Where the pattern cannot be listed, its share of
    distinct integers takes the place of modes; 1 where neither is known.
    """
    support, samples = _number(metrics, "support", 0), max(0, _number(metrics, "samples", math.inf))
    held = _number(metrics, "held", 0)
    shown, found = support - held, _number(metrics, "modes", math.nan) - held * _number(metrics, "unseen_coverage", 0)
    if math.isnan(found):
        shown, found = support, _number(metrics, "distinct", math.nan)
    if math.isnan(found) or shown < 1:
        return 1.0
    per_mode = 1.0 if support <= 1 else -math.expm1(samples * math.log1p(-1 / support))
    expected = shown * per_mode
    return min(1.0, found / expected) if expected > 0 else 1.0


def modes_in_words(metrics: Mapping[str, Any]) -> str:
    """`9 of 64 modes`, or `90 different integers in 10000 draws` where modes cannot be counted."""
    if "modes" in metrics:
        return f"{count(_number(metrics, 'modes', 0))} of {metrics.get('support')} modes"
    return f"{count(_number(metrics, 'distinct', 0))} different integers in {metrics.get('samples')} draws"


def count(number: float) -> str:
    """A number of integers, expected numbers with one digit after the point."""
    return f"{number:.1f}".removesuffix(".0")


def in_words(share: float) -> str:
    """A share, 0 < share ≤ 1, as people say it: one in five, nine in ten."""
    if share > 0.95:
        return "all" if share > 1 - ROUNDING else "nearly all"
    if share < 0.095:
        return f"one in {round(1 / share)}"
    parts = ((part, whole) for whole in (2, 3, 4, 5, 10) for part in range(1, whole))
    part, whole = min(parts, key=lambda pair: round(abs(share - pair[0] / pair[1]), 9))
    return f"{NUMBERS[part]} in {NUMBERS[whole]}"


def _invalid(share: float) -> Verdict:
    return Verdict("invalid", _grade(share, FEW_INVALID, INVALID), f": {in_words(share)}")


def _excess(metrics: Mapping[str, Any]) -> float:
    """tv above its floor; of a pattern too large to list, the largest gap between the means of an entry."""
    if "tv" in metrics:
        return max(0.0, _number(metrics, "tv", 0) - _number(metrics, "tv_floor", 0))
    return _number(metrics, "marginal_gap", 0)


def _novelty(metrics: Mapping[str, Any], validity: float) -> float:
    """The share of held-out integers among the valid ones, in units of their share of the pattern; 1 without any."""
    held, support = _number(metrics, "held", 0), _number(metrics, "support", 0)
    return _number(metrics, "rate", 0) / validity * support / held if held >= 1 else 1.0


def _number(metrics: Mapping[str, Any], name: str, otherwise: float) -> float:
    """A metric; `otherwise` where it is missing or undefined."""
    value = metrics.get(name)
    return float(value) if isinstance(value, int | float) else otherwise
