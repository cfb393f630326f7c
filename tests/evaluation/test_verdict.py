import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from patterngan.data.encodings import Binary
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Multiples
from patterngan.evaluation.metrics import report
from patterngan.evaluation.verdict import MEANINGS, ended, found_share, grade, in_words, verdict
from tests.evaluation.test_metrics import counted

evens = Multiples(2, 128)


def measured(integers, pattern=evens):
    """The exact metrics of a generator that makes these integers, each as often as it is listed."""
    law = counted(list(integers), exact=True)._replace(samples=10_000)
    return report(law, pattern.member(counted(range(pattern.size)).integers), pattern, Binary(128))


ODD = range(1, 128, 2)


@pytest.mark.parametrize(
    ("integers", "words", "grade"),
    [
        (range(0, 128, 2), "learned", "good"),
        ([*ODD, 0], "invalid: nearly all", "bad"),
        ([*range(0, 126, 2)] * 2, "incomplete: 63 of 64 modes", "fair"),
        (range(0, 100, 2), "incomplete: 50 of 64 modes", "fair"),
        (range(0, 64, 2), "incomplete: 32 of 64 modes", "fair"),
        (range(0, 62, 2), "collapsed: 31 of 64 modes", "bad"),
        ([*range(0, 18, 2)] * 9 + [1] * 4, "collapsed: 9 of 64 modes", "bad"),
        ([7, 9, 0], "invalid: two in three", "bad"),
        (ODD, "invalid: all", "bad"),
        ([*range(0, 128, 2), *ODD[:16]], "invalid: one in five", "bad"),
        ([*range(0, 128, 2)] * 3 + [1] * 4, "invalid: one in 49", "fair"),
        ([*range(0, 128, 2), *range(0, 20, 2)], "uneven: 11% of the probability is in the wrong place", "fair"),
        ([*range(0, 128, 2), *[0] * 64], "uneven: 49% of the probability is in the wrong place", "bad"),
    ],
)
def test_a_generator_is_told_by_what_it_makes(integers, words, grade):
    said = verdict(measured(integers))
    assert (said.words, said.grade) == (words, grade)
    assert said.meaning == MEANINGS[said.name]


def test_a_perfect_sampler_has_learned_however_few_its_draws_are():
    large = Multiples(3, 2**20)
    ranks = counted(range(large.size)).integers
    sample = large.member(ranks[::35])
    metrics = report(counted(sample), large.member(ranks[:99]), large, Binary(2**20))
    assert metrics["coverage"] < 0.03
    assert found_share(metrics) > 0.99
    assert verdict(metrics).name == "learned"


def holdout():
    pattern = HeldOut(evens, 32)
    seen = pattern.seen.integers.tolist()
    return pattern, seen, sorted(set(range(0, 128, 2)) - set(seen))


def test_a_list_and_a_rule_are_told_apart_where_integers_are_held_out():
    pattern, seen, unseen = holdout()
    assert verdict(measured(seen, pattern)).words == "memorised the training set"
    assert verdict(measured([*seen, *unseen], pattern)).words == "learned the rule"
    assert verdict(measured([*seen * 2, *unseen], pattern)).name == "uneven"
    assert verdict(measured(seen[:8], pattern)).words == "collapsed: 8 of 64 modes"
    assert verdict(measured(seen)).words == "incomplete: 32 of 64 modes"  # the same law, and nothing is held out


def test_a_pattern_too_large_to_list_is_told_by_draws_and_marginals():
    metrics = {"validity": 1.0, "distinct": 9_990, "samples": 10_000, "support": 2**39, "marginal_gap": 0.01}
    assert verdict(metrics).words == "learned"
    assert verdict({**metrics, "distinct": 90}).words == "collapsed: 90 different integers in 10000 draws"
    assert verdict({**metrics, "marginal_gap": 0.2}).name == "uneven"


def test_a_run_that_did_not_complete_is_told_by_its_status():
    assert ended("diverged", 120, {}).words == "diverged at step 120"
    assert ended("failed", 3, {}).words == "failed at step 3"
    assert ended("completed", 3, {}) is None
    assert ended("completed", 3, measured(range(0, 128, 2))).words == "learned"


def test_metrics_are_graded_alone():
    collapsed, perfect = measured([*range(0, 18, 2)] * 9 + [1] * 4), measured(range(0, 128, 2))
    names = ("validity", "modes", "coverage", "tv", "entropy")
    assert [grade(name, perfect) for name in names] == ["good"] * 4 + [None]
    assert [grade(name, collapsed) for name in names] == ["fair", "bad", "bad", "bad", None]
    assert grade("tv", {"tv": None}) is None


@given(st.floats(0.001, 1))
@example(0.4)
@example(0.7)
def test_a_share_in_words_is_near(share):
    words = in_words(share)
    names = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    if words.endswith("all"):
        assert share > 0.95
        assert (words == "all") is (share > 1 - 1e-6)
        return
    part, whole = (names.index(word) if word in names else int(word) for word in words.split(" in "))
    assert part < whole
    assert abs(part / whole - share) <= max(share / 10, 1 / 20)


@given(
    st.dictionaries(
        st.sampled_from(["validity", "modes", "distinct", "support", "held", "samples", "tv", "tv_floor", "rate"]),
        st.none() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_every_number_that_a_file_may_hold_has_a_verdict_or_none(metrics):
    said = verdict(metrics)
    assert said is None or (said.name in MEANINGS and said.words.startswith(said.name))
    assert (said is None) is not (
        isinstance(metrics.get("validity"), int | float) and -1e-6 <= metrics["validity"] <= 1 + 1e-6
    )


@given(st.integers(1, 64), st.integers(1, 64))
def test_more_modes_are_never_worse(few, many):
    few, many = sorted((few, many))
    order = ["bad", "fair", "good"]
    grades = [order.index(verdict(measured(range(0, 2 * modes, 2))).grade) for modes in (few, many)]
    assert grades == sorted(grades)


def test_every_verdict_can_be_reached():
    pattern, seen, unseen = holdout()
    laws = [range(0, 128, 2), ODD, [0], range(0, 64, 2), [*range(0, 128, 2), *[0] * 64]]
    said = {verdict(measured(law)).name for law in laws}
    said |= {verdict(measured(law, pattern)).name for law in (seen, [*seen, *unseen])}
    assert {*said, "diverged", "failed"} == {*MEANINGS}
