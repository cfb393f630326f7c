import itertools
import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.holdout import HeldOut, distinct, with_holdout
from patterngan.data.patterns import LARGEST_LISTED, Cardinality, Multiples
from patterngan.data.streams import seeded
from patterngan.validation import InvalidValueError

THIRTY = Cardinality(30, 15)
"""155 million integers."""


def test_what_is_held_out_is_real_but_never_seen():
    pattern = with_holdout(Multiples(2, 128), 0.25)
    assert (pattern.size, pattern.stop, pattern.held, pattern.seen.size) == (64, 128, 16, 48)
    seen = pattern.seen.member(torch.arange(48))
    assert pattern.contains(torch.arange(0, 128)).nonzero().flatten().tolist() == list(range(0, 128, 2))
    assert pattern.contains(seen).all()
    assert torch.equal(pattern.member(pattern.rank(seen)), seen)
    assert torch.equal(seen, with_holdout(Multiples(2, 128), 0.25).seen.member(torch.arange(48)))
    withheld = pattern.withholds(torch.arange(200)).nonzero().flatten().tolist()
    assert sorted([*withheld, *seen.tolist()]) == list(range(0, 128, 2))


def test_the_held_out_integers_of_seed_0_are_those_of_every_version():
    assert with_holdout(Multiples(2, 32), 0.75).seen.integers.tolist() == [0, 6, 20, 22]


def test_without_a_holdout_a_pattern_is_itself():
    pattern = Multiples(2, 10)
    assert with_holdout(pattern) is pattern
    assert with_holdout(pattern, 0, 5) is pattern


def test_one_percent_of_a_cardinality():
    pattern = with_holdout(Cardinality(16, 8), 0.99)
    assert (pattern.seen.size, pattern.held) == (129, 12870 - 129)


@given(st.integers(2, 400), st.data())
def test_a_number_shown_is_the_share_that_leaves_it(size, data):
    shown, seed = data.draw(st.integers(1, size - 1)), data.draw(st.integers(0, 2**62))
    counted = with_holdout(Multiples(3, 3 * size), holdout_seed=seed, shown=shown)
    shared = with_holdout(Multiples(3, 3 * size), 1 - shown / size, seed)
    assert counted.seen.size == shown
    assert torch.equal(counted.seen.integers, shared.seen.integers)


@pytest.mark.parametrize("pattern", [Multiples(2, 2000), THIRTY], ids=["listed", "drawn"])
def test_a_seed_chooses_what_is_seen(pattern):
    sets = [frozenset(with_holdout(pattern, holdout_seed=seed, shown=500).seen.integers.tolist()) for seed in (0, 1, 0)]
    assert sets[0] == sets[2] != sets[1]


def test_fifty_thousand_of_155_million_are_drawn():
    pattern = with_holdout(THIRTY, shown=50_000)
    seen = pattern.seen.integers
    assert (pattern.size, len(seen), pattern.held) == (math.comb(30, 15), 50_000, math.comb(30, 15) - 50_000)
    assert (seen.diff() > 0).all()
    assert pattern.contains(seen).all()
    assert with_holdout(THIRTY, 1 - 50_000 / THIRTY.size).seen.size == 50_000
    ranks = pattern.rank(seen).double() / pattern.size
    gaps = (ranks - torch.arange(50_000) / 50_000).abs().max()
    assert gaps < 0.01  # Kolmogorov and Smirnov's distance to the uniform law: beyond, one in 10 000


def test_supports_of_any_size_are_drawn_from():
    assert with_holdout(Multiples(1, 2**62), shown=7).seen.size == 7
    part = with_holdout(Multiples(3, 6 * LARGEST_LISTED), 0.99)
    assert (part.seen.size, part.held) == (round(0.02 * LARGEST_LISTED), round(1.98 * LARGEST_LISTED))


def test_nearly_all_numbers_can_be_drawn():
    drawn = distinct(1001, 1000, seeded(0, "test"))
    assert len(drawn.unique()) == 1000
    assert drawn.max() <= 1000


def test_every_set_of_distinct_numbers_is_equally_likely():
    generator = seeded(0, "test")
    found = Counter(tuple(sorted(distinct(5, 3, generator).tolist())) for _ in range(5000))
    assert found.keys() == set(itertools.combinations(range(5), 3))
    assert sum((count - 500) ** 2 / 500 for count in found.values()) < 34  # χ² of 9 degrees: beyond, one in 10 000


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: with_holdout(Multiples(2, 10), 0.99), "holdout=0.99: leaves 0 of the pattern's 5 integers"),
        (lambda: with_holdout(Multiples(2, 10), 0.01), "holdout=0.01: leaves 5 .* 0 unseen"),
        (lambda: with_holdout(Multiples(2, 10), 2), "holdout=2: "),
        (lambda: with_holdout(Multiples(2, 10), False), "holdout=False: "),
        (lambda: with_holdout(Multiples(2, 2**40), 0.5), "holdout=0.5: leaves 274877906944 integers for training"),
        (lambda: with_holdout(Multiples(2, 10), holdout_seed="a"), "holdout_seed=a: "),
        (lambda: with_holdout(Multiples(2, 10), shown=5), "shown=5: leaves 5 .* 0 unseen"),
        (lambda: with_holdout(Multiples(2, 10), shown=0), "shown=0: must be an integer from 1 to 2.20"),
        (lambda: with_holdout(THIRTY, shown=2**20 + 1), "shown=1048577: must be an integer from 1 to 2.20"),
        (lambda: with_holdout(Multiples(2, 10), 0.5, shown=2), "shown=2: stands in place of holdout=0.5"),
    ],
)
def test_impossible_holdouts_name_the_value(make, message):
    with pytest.raises(InvalidValueError, match=f"^{message}"):
        make()


def test_a_holdout_has_the_pattern_that_it_hides_a_part_of():
    pattern = HeldOut(Multiples(3, 100), 25)
    assert pattern.member(torch.arange(pattern.size)).tolist() == list(range(0, 100, 3))
