import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterngan.reporting.comparison import (
    FEWEST_PAIRS,
    Contest,
    adjusted,
    contest,
    interval,
    range_coverage,
    smallest_p,
)

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]), min_size=2, max_size=5)


def seeded(scores, first=0):
    return dict(enumerate(scores, first))


def every_split_p(ours, theirs):
    """Two-sided p of the rank sum, from every way to deal the values to two groups."""
    values = [*ours, *theirs]
    ranks = [statistics.mean(i for i, v in enumerate(sorted(values)) if v == value) for value in values]
    middle = sum(ranks) * len(ours) / len(ranks)
    sums = [abs(sum(some) - middle) for some in itertools.combinations(ranks, len(ours))]
    seen = abs(sum(ranks[: len(ours)]) - middle)
    return sum(one >= seen - 1e-9 for one in sums) / len(sums)


@given(SCORES, SCORES)
def test_wins_are_counted_over_all_pairs_and_p_over_all_permutations(ours, theirs):
    one = contest(seeded(ours), seeded(theirs, 100))
    wins = statistics.mean((a < b) + (a == b) / 2 for a in ours for b in theirs)
    assert one.wins == pytest.approx(wins)
    # two-sided p of the permutation test doubles the smaller tail, which differs where the law has ties
    assert one.p >= every_split_p(ours, theirs) / 2 - 1e-9
    if len({*ours, *theirs}) == len(ours) + len(theirs):
        assert one.p == pytest.approx(every_split_p(ours, theirs))


def test_six_shared_seeds_are_paired():
    ours = [0.1, 0.3, 0.5, 0.7, 0.9, 1.1]
    theirs = [value + 0.01 * (place + 1) for place, value in enumerate(ours)]
    paired, unpaired = contest(seeded(ours), seeded(theirs)), contest(seeded(ours), seeded(theirs, 100))
    assert (paired.pairs, paired.p, paired.told_apart) == (6, pytest.approx(2 / 2**6), True)
    assert (unpaired.pairs, unpaired.told_apart) == (0, False)
    assert paired.wins == unpaired.wins < 0.7


def test_the_order_of_seeds_does_not_matter():
    ours, theirs = seeded([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), seeded([0.2, 0.1, 0.5, 0.9, 0.7, 0.61])
    assert contest(ours, theirs) == contest(dict(reversed(ours.items())), theirs)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7, 8])
def test_the_smallest_p_is_that_of_settings_without_overlap(count):
    one = contest(seeded([i / 100 for i in range(count)]), seeded([1 + i / 70 for i in range(count)]))
    assert one.p == pytest.approx(smallest_p(count))
    assert one.pairs == (count if count >= FEWEST_PAIRS else 0)


def test_equal_settings_are_not_told_apart():
    for count in (2, 5, 6, 12):
        assert contest(seeded([0.5] * count), seeded([0.5] * count)) == Contest(0.5, 1, count if count > 5 else 0)


def test_one_seed_is_no_contest():
    assert contest({0: 0.1}, seeded([0.5, 0.6])) is contest(seeded([0.5, 0.6]), {}) is None
    assert adjusted([None, None]) == [None, None]


def test_p_is_adjusted_for_the_number_of_settings():
    best, worse, equal = seeded([0.1, 0.2, 0.3, 0.4]), seeded([0.6, 0.7, 0.8, 0.9]), seeded([0.11, 0.19, 0.31, 0.39])
    alone = contest(best, worse)
    assert alone.p == pytest.approx(2 / math.comb(8, 4))
    assert adjusted([alone]) == [alone]
    lost, *_, absent = adjusted([alone, *[contest(best, equal)] * 9, None])
    assert lost.p == pytest.approx(10 * alone.p)
    assert not lost.told_apart
    assert absent is None
    assert all(one.told_apart for one in adjusted([alone] * 9 + [contest(best, equal)])[:9])


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_interval_of_few_values_is_their_range(count):
    values = [0.1, 0.9, 0.2, 0.5, 0.3][:count]
    assert interval(values) == (min(values), max(values))


def test_the_interval_holds_the_median_and_is_the_same_each_time():
    values = np.random.default_rng(3).normal(size=40).tolist()
    low, high = interval(values)
    assert min(values) < low < statistics.median(values) < high < max(values)
    assert interval(values) == (low, high)
    assert interval([0.5] * 4) == (0.5, 0.5)


@pytest.mark.parametrize("count", [2, 3, 6])
def test_the_range_covers_the_median_as_often_as_is_said(count):
    draws = np.random.default_rng(0).exponential(size=(20_000, count))
    covered = (draws.min(1) < math.log(2)) & (draws.max(1) > math.log(2))
    assert covered.mean() == pytest.approx(range_coverage(count), abs=0.01)
