import torch

from patterngan.data.encodings import Binary
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Multiples
from patterngan.evaluation.law import Law
from patterngan.evaluation.longer import name_at
from patterngan.evaluation.metrics import report
from patterngan.evaluation.registry import CHARTED, COUNTS, METRICS, NAMES, metric_named, present

CONTEXT = {"support", "held", "samples", "exact", "tv_floor", "marginals", "real_marginals"}
"""What a report has beside metrics."""


def law(integers: list[int], exact: bool = True) -> Law:
    numbers = torch.tensor(integers)
    return Law(numbers, torch.full(numbers.shape, 1 / len(integers), dtype=torch.float64), exact, 50)


SMALL, LARGE = Multiples(2, 64), Multiples(2, 2**40)
REPORTS = [
    report(law(generated, exact), pattern.member(torch.arange(10)), pattern, Binary(capacity))
    for generated in ([0, 2, 2, 6], [1, 3], list(range(0, 64, 2)))
    for exact in (True, False)
    for pattern, capacity in ((SMALL, 64), (HeldOut(SMALL, 26), 64), (LARGE, 2**40))
]


def test_every_metric_of_a_report_is_declared_and_every_declared_one_is_reported():
    assert {name for metrics in REPORTS for name in metrics} - CONTEXT == {
        one for one in NAMES if not one.startswith("d_")
    }
    assert all(metric_named(name) is None for name in CONTEXT)


def test_values_lie_in_their_ranges_and_floors_are_where_they_are_declared():
    for metrics in REPORTS:
        for metric in METRICS:
            value, (low, high) = metrics.get(metric.name), metric.range
            assert value is None or low - 1e-12 <= value <= high + 1e-12
            assert (metric.floor in metrics) == (metric.floored and metric.name in metrics)


def test_a_perfect_generator_has_the_best_value_of_every_metric_with_a_better_direction():
    reals = SMALL.member(torch.arange(32))
    perfect, collapsed = (report(law(integers), reals, SMALL, Binary(64)) for integers in (reals.tolist(), [1, 2]))
    for metric in METRICS:
        if metric.better and metric.name in perfect and collapsed[metric.name] is not None:
            difference = perfect[metric.name] - collapsed[metric.name]
            assert difference > 0 if metric.better == "higher" else difference < 0, metric.name


def test_counts_are_whole_where_the_law_is_counted():
    counted = report(law([0, 2, 2, 6], exact=False), SMALL.member(torch.arange(10)), SMALL, Binary(64))
    assert [name for name in NAMES if type(counted.get(name)) is int] == list(COUNTS)


def test_names_are_found_by_level_and_families_by_their_beginning():
    assert metric_named(name_at(20)).name == "validity_N"
    assert metric_named("validity_") is metric_named("validity_x") is metric_named("fid") is None
    names = [name_at(40), "kl", "tv", "tv_floor", "entropy", name_at(5), "validity"]
    assert present(names, "main") == ["validity", "tv"]
    assert present(names, "main", "shown") == ["validity", "tv", "kl", "validity_40", "validity_5"]


def test_names_are_unique_and_charts_show_shares_that_rise():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert [metric.rising for metric in CHARTED] == ["validity", "coverage", "1-tv"]
    assert all(metric.range == (0, 1) and metric.better for metric in CHARTED)
