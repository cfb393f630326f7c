"""Combinations against the plain definition: the full product, filtered."""

from itertools import product

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from patterngan.sweeps.combinations import combinations, excluded_values, zipped_keys
from patterngan.validation import UsageError

GRID = ["steps=60", "lr=1e-3,1e-2", "pattern.k=2,5", "update.ema=0.9,0.99", "seed=range(1,4)"]


def made(*typed, zipped=(), excluded=()):
    return combinations(OverridesParser.create().parse_overrides([*typed]), zipped, excluded)


def runs(*typed, **options):
    return [" ".join(run) for run in made(*typed, **options).runs]


def test_without_options_there_is_the_product_and_nothing_to_say():
    whole = made("b=1,2", "a=x,y", "c=3")
    assert [" ".join(run) for run in whole.runs] == ["b=1 a=x c=3", "b=1 a=y c=3", "b=2 a=x c=3", "b=2 a=y c=3"]
    assert whole.reasons == []


def test_zipped_keys_vary_where_the_first_of_them_stands():
    assert runs("a=1,2", "b=x,y", "c=3,4", zipped=[["c", "a"]]) == [
        "a=1 b=x c=3",
        "a=1 b=y c=3",
        "a=2 b=x c=4",
        "a=2 b=y c=4",
    ]


@st.composite
def grids(draw):
    """The length of each key, disjoint lists of keys of one length, and gaps: indices of values by key."""
    lengths = draw(st.lists(st.integers(1, 3), min_size=1, max_size=5))
    keys = draw(st.permutations(range(len(lengths))))
    pairs = [keys[start : start + 2] for start in range(0, draw(st.integers(0, len(keys))), 2)]
    zipped = [pair for pair in pairs if len(pair) == 2 and lengths[pair[0]] == lengths[pair[1]]]
    gap = st.dictionaries(st.sampled_from(keys), st.integers(0, 2), min_size=1)
    return lengths, zipped, draw(st.lists(gap, max_size=2))


@given(grids())
def test_combinations_are_the_product_without_what_is_out_of_step_and_the_gaps(grid):
    lengths, zipped, gaps = grid
    whole = [
        row for row in product(*map(range, lengths)) if all(len({row[key] for key in keys}) == 1 for keys in zipped)
    ]
    inside = [{row for row in whole if all(row[key] == value for key, value in gap.items())} for gap in gaps]
    kept = [row for row in whole if not any(row in rows for rows in inside)]
    typed = [f"k{key}=choice({','.join(map(str, range(length)))})" for key, length in enumerate(lengths)]
    options = {
        "zipped": [[f"k{key}" for key in keys] for keys in zipped],
        "excluded": [{f"k{key}": value for key, value in gap.items()} for gap in gaps],
    }
    if kept and all(inside):
        expected = [" ".join(f"k{key}={value}" for key, value in enumerate(row)) for row in kept]
        assert runs(*typed, **options) == expected
    else:
        with pytest.raises(UsageError, match="hydra.sweeper.exclude: "):
            made(*typed, **options)


def test_values_are_compared_as_hydra_parses_them():
    assert runs("lr=1e-2,0.1", excluded=[{"lr": 0.01}]) == ["lr=0.1"]
    assert runs("objective=hinge,wasserstein", excluded=[{"objective": "hinge"}]) == ["objective=wasserstein"]
    assert runs("penalty=[r1,r2],none", excluded=[{"penalty": ["r1", "r2"]}]) == ["penalty=none"]


def test_the_later_of_two_overrides_wins_at_the_place_of_the_first():
    assert runs("a=1,2", "b=x,y", "a=3") == ["a=3 b=x", "a=3 b=y"]


@pytest.mark.parametrize(
    ("zipped", "excluded", "line"),
    [
        ([["lr", "update.ema"]], [{"lr": 1e-2, "pattern.k": 5}], "9 runs: lr and update.ema advance together, 3 com"),
        ([["lr", "update.ema", "pattern.k"]], [], "6 runs: lr, update.ema and pattern.k advance together"),
        ([], [{"lr": 1e-2, "pattern.k": 5, "update.ema": 0.9, "seed": 1}], "23 runs: 1 combination is left out"),
        ([], [{"lr": 1e-2}, {"pattern.k": 5}, {"update.ema": 0.9}, {"seed": 1}, {"seed": 2}], "1 run: 23 combin"),
    ],
)
def test_the_line_says_how_many_runs_there_are_and_why(zipped, excluded, line):
    assert str(made(*GRID, zipped=zipped, excluded=excluded)).startswith(line)


SWEPT = "(swept: lr, pattern.k, update.ema, seed)"

WRONG = [
    ([["lr", "steps"]], [], f"zip: steps is not swept {SWEPT}"),
    ([["lr", "head"]], [], f"zip: head is not swept {SWEPT}"),
    ([["lr", "lr"]], [], "zip: lr stands there twice"),
    ([["lr", "pattern.k"], ["pattern.k", "update.ema"]], [], "zip: pattern.k stands there twice"),
    ([["lr", "seed"]], [], "zip: lr has 2 values, seed has 3 values; keys that advance together need equally many"),
    ([], [{"lr": 1e-2, "steps": 60}], f"exclude: steps is not swept {SWEPT}"),
    ([], [{"lr": 1e-2, "pattern.k": 3}], "exclude: no run has pattern.k=3 (swept: pattern.k=2,5)"),
    (
        [["lr", "update.ema"]],
        [{"lr": 1e-2, "update.ema": 0.9}],
        "exclude: no run has lr=0.01 update.ema=0.9 (swept: lr=1e-3,1e-2 update.ema=0.9,0.99)",
    ),
    ([], [{"lr": 1e-2}, {"lr": 1e-3}], "exclude: leaves none of 24 runs"),
]


@pytest.mark.parametrize(("zipped", "excluded", "line"), WRONG)
def test_what_no_run_has_is_refused(zipped, excluded, line):
    with pytest.raises(UsageError) as raised:
        made(*GRID, zipped=zipped, excluded=excluded)
    assert str(raised.value) == f"hydra.sweeper.{line}"


@pytest.mark.parametrize("value", ["lr", 3, False, ["lr", "seed"], [["lr"]], [[]], {"lr": "seed"}])
def test_lists_of_keys_that_are_none(value):
    with pytest.raises(UsageError, match="must be null or lists of two or more swept keys"):
        zipped_keys(value)


@pytest.mark.parametrize("value", ["lr", 3, False, {"lr": 1}, ["lr"], [{}], [["lr", 1]]])
def test_gaps_that_are_none(value):
    with pytest.raises(UsageError, match="must be null or a list of swept keys with values"):
        excluded_values(value)
