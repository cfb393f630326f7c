import math
import random
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.encodings import Binary
from patterngan.data.holdout import HeldOut, with_holdout
from patterngan.data.patterns import LARGEST_LISTED, Cardinality, Multiples
from patterngan.evaluation.law import Law
from patterngan.evaluation.metrics import comparable_score, measure, report, selection_score, tv_floor

fives = Multiples(5, 50)


def counted(integers, exact=False):
    """The empirical law of integers [..., samples]."""
    integers = torch.as_tensor(integers)
    share = 1 / integers.shape[-1]
    return Law(integers, torch.full(integers.shape, share, dtype=torch.float64), exact, integers.shape[-1])


def by_hand(integers, pattern):
    """The metrics from their definitions, with dictionaries and loops."""
    support = range(pattern.residue, pattern.stop, pattern.k)
    law = {n: count / len(integers) for n, count in Counter(integers).items()}
    valid = {n: p for n, p in law.items() if n in support}
    validity = sum(valid.values())
    everything = set(law) | set(support)
    target = {n: 1 / len(support) if n in support else 0 for n in everything}
    return {
        "validity": validity,
        "distinct": len(law),
        "entropy": -sum(p * math.log(p) for p in law.values()),
        "modes": len(valid),
        "coverage": len(valid) / len(support),
        "tv": sum(abs(law.get(n, 0) - target[n]) for n in everything) / 2,
        "forward_kl": sum(-math.log(valid[n] * len(support)) if n in valid else math.inf for n in support)
        / len(support),
        "kl": sum(p / validity * math.log(p / validity * len(support)) for p in valid.values()) if valid else math.nan,
    }


@given(st.lists(st.integers(0, 99), min_size=1, max_size=60))
def test_metrics_follow_their_definitions(integers):
    metrics = {name: value.item() for name, value in measure(counted(integers), fives).items()}
    assert metrics == pytest.approx(by_hand(integers, fives), nan_ok=True)


def test_members_stay_apart():
    integers = torch.randint(0, 60, (3, 4, 200))
    together = measure(counted(integers), fives)
    for i in range(3):
        for j in range(4):
            for name, value in measure(counted(integers[i, j]), fives).items():
                assert torch.allclose(together[name][i, j], value, equal_nan=True)


def test_a_perfect_generator_and_a_collapsed_one():
    perfect = report(counted(range(0, 50, 5), exact=True), torch.arange(0, 50, 5), fives, Binary(64))
    assert perfect["tv"] == pytest.approx(0, abs=1e-12)
    assert perfect["kl"] == pytest.approx(0, abs=1e-12)
    assert perfect["forward_kl"] == pytest.approx(0, abs=1e-12)
    assert perfect["validity"] == pytest.approx(1)
    assert perfect["modes"] == pytest.approx(10 * (1 - 0.9**10))  # expected in ten draws
    assert (perfect["tv_floor"], perfect["exact"], perfect["support"]) == (0, True, 10)
    collapsed = measure(counted([5] * 100), fives)
    assert collapsed["tv"] == pytest.approx(0.9)
    assert collapsed["kl"] == pytest.approx(math.log(10))
    assert collapsed["forward_kl"] == math.inf


def test_nothing_valid_has_no_kl():
    metrics = report(counted([1] * 10), torch.zeros(10).long(), fives, Binary(64))
    assert (metrics["kl"], metrics["forward_kl"]) == (None, None)
    assert metrics["tv"] == pytest.approx(1)


@pytest.mark.parametrize(("size", "samples"), [(2, 1), (2, 2), (3, 4), (10, 3), (10, 100), (7, 1000)])
def test_the_floor_is_the_mean_tv_of_a_perfect_sampler(size, samples):
    binomial = [math.comb(samples, x) * (1 / size) ** x * (1 - 1 / size) ** (samples - x) for x in range(samples + 1)]
    exact = size * sum(p * abs(x / samples - 1 / size) for x, p in enumerate(binomial)) / 2
    assert tv_floor(size, samples) == pytest.approx(exact)


def test_the_floor_is_what_sampling_shows():
    draws = torch.tensor([[5 * random.Random(i * 999 + j).randrange(10) for j in range(500)] for i in range(40)])
    assert measure(counted(draws), fives)["tv"].mean().item() == pytest.approx(tv_floor(10, 500), rel=0.1)
    assert tv_floor(1, 10) == 0


def test_a_support_too_large_to_list_has_validity_distinct_and_marginals():
    pattern, encoding = Multiples(2, 2**40), Binary(2**40)
    generated = counted([0, 4, 4, 2**39 + 1])
    metrics = report(generated, torch.tensor([0, 2, 2**39, 2**39 + 2]), pattern, encoding)
    assert metrics["validity"] == 0.75
    assert metrics["distinct"] == 3
    assert metrics["marginals"][0] == 0.25
    assert metrics["marginals"][-1] == 0.25
    assert metrics["real_marginals"][0] == 0.5
    assert metrics["marginal_gap"] == 0.5
    assert not {"tv", "modes", "coverage", "kl"} & set(metrics)
    assert selection_score(metrics) == 0.25


def test_generalisation_by_hand():
    pattern = with_holdout(Multiples(2, 10), 0.4)  # of 0 2 4 6 8 two are unseen
    seen = pattern.seen.member(torch.arange(3)).tolist()
    first, second = sorted({0, 2, 4, 6, 8} - set(seen))
    metrics = measure(counted([[seen[0], seen[1], first, first, 1, 3], [seen[0]] * 6]), pattern)
    assert metrics["fidelity"][0].item() == pytest.approx(2 / 4)  # of two unseen and two invalid
    assert metrics["fidelity"][1].isnan()
    assert metrics["rate"].tolist() == pytest.approx([2 / 6, 0])
    assert metrics["unseen_coverage"].tolist() == [0.5, 0]
    everything = measure(counted([first, second]), pattern)
    assert (everything["fidelity"], everything["unseen_coverage"]) == (1, 1)


@pytest.mark.parametrize("exact", [True, False])
def test_the_unseen_of_a_support_too_large_to_list_are_those_of_a_list(exact, monkeypatch):
    pattern = HeldOut(Cardinality(12, 6), 90)
    source = torch.Generator().manual_seed(1)
    integers = torch.randint(2**12, (3, 500), generator=source)
    weights = torch.rand(3, 500, dtype=torch.float64, generator=source)
    law = Law(integers, weights / weights.sum(-1, keepdim=True), exact, 500)
    listed = measure(law, pattern)
    monkeypatch.setattr("patterngan.evaluation.metrics.LARGEST_LISTED", 100)
    unlisted = measure(law, pattern)
    assert "tv" in listed
    assert "tv" not in unlisted
    for name in ("fidelity", "rate", "unseen_coverage"):
        assert torch.allclose(listed[name], unlisted[name], rtol=1e-12), name


def test_generalisation_by_hand_of_a_support_too_large_to_list():
    pattern = HeldOut(Multiples(1, 2**40), 3)
    assert pattern.size > LARGEST_LISTED
    seen = pattern.seen.member(torch.arange(3)).tolist()
    unseen = [n for n in range(8) if n not in seen][:2]
    metrics = report(
        counted([seen[0], unseen[0], unseen[0], unseen[1], 2**40]), torch.arange(4), pattern, Binary(2**41)
    )
    assert metrics["rate"] == pytest.approx(3 / 5)
    assert metrics["fidelity"] == pytest.approx(3 / 4)
    assert metrics["unseen_coverage"] == pytest.approx(2 / (2**40 - 3))
    only_seen = report(counted(seen), torch.arange(4), pattern, Binary(2**41))
    assert (only_seen["fidelity"], only_seen["rate"], only_seen["unseen_coverage"]) == (None, 0, 0)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda shares: sum(shares) > 0.1))
def test_an_exact_law_may_list_an_integer_twice(shares):
    p = torch.tensor(shares, dtype=torch.float64) / sum(shares)
    apart = measure(Law(torch.tensor([0, 5, 5, 7]), p, exact=True, samples=50), Multiples(5, 10))
    together = torch.stack([p[0], p[1] + p[2], p[3]])
    once = measure(Law(torch.tensor([0, 5, 7]), together, exact=True, samples=50), Multiples(5, 10))
    for name, value in once.items():
        assert torch.allclose(apart[name], value, equal_nan=True), name
    assert once["distinct"].item() == pytest.approx(sum(1 - (1 - one) ** 50 for one in together.tolist()))
    assert once["modes"].item() == pytest.approx(sum(1 - (1 - one) ** 50 for one in together[:2].tolist()))


@pytest.mark.parametrize("size", [2, 64, 2**15])
def test_scores_of_patterns_of_any_size_lie_between_those_of_a_perfect_sampler_and_of_nothing_real(size):
    floor = tv_floor(size, 10_000)
    assert comparable_score({"tv": floor, "tv_floor": floor}) == 0
    assert comparable_score({"tv": 1.0, "tv_floor": floor}) == 1
    assert comparable_score({"tv": 0.3, "tv_floor": 0.0, "validity": 0.1}) == 0.3
    assert comparable_score({"validity": 0.75}) == 0.25
    assert comparable_score({"tv": 1.0, "tv_floor": 1.0}) == 1  # of a file that says so
