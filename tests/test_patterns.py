import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.patterns import Multiples
from patterngan.validation import InvalidValueError


@st.composite
def multiples(draw):
    k = draw(st.integers(1, 50))
    residue = draw(st.integers(0, k - 1))
    return Multiples(k, draw(st.integers(residue + 1, 500)), residue)


@given(multiples())
def test_the_support_is_pythons_range(pattern):
    truth = range(pattern.residue, pattern.stop, pattern.k)
    integers = torch.arange(-3, 520)
    assert pattern.size == len(truth)
    assert pattern.member(torch.arange(pattern.size)).tolist() == list(truth)
    assert pattern.contains(integers).tolist() == [n in truth for n in integers.tolist()]


@given(multiples(), st.lists(st.integers(0, 10**6), min_size=1))
def test_rank_undoes_member(pattern, numbers):
    ranks = torch.tensor(numbers) % pattern.size
    assert torch.equal(pattern.rank(pattern.member(ranks)), ranks)


def test_a_support_of_2_to_the_60_is_exact():
    pattern = Multiples(3, 2**62, 2)
    last = pattern.member(torch.tensor(pattern.size - 1))
    assert pattern.size == len(range(2, 2**62, 3))
    assert last.item() == range(2, 2**62, 3)[-1]
    assert pattern.contains(last)
    assert not pattern.contains(last - 1)


@pytest.mark.parametrize(
    ("k", "stop", "residue", "named"),
    [
        (0, 10, 0, "k=0"),
        (-3, 10, 0, "k=-3"),
        (2.5, 10, 0, "k=2.5"),
        ("abc", 10, 0, "k=abc"),
        (True, 10, 0, "k=True"),
        (2, 10, 2, "residue=2"),
        (2, 10, -1, "residue=-1"),
        (5, 3, 3, "stop=3"),
        (2, 2**62 + 1, 0, f"stop={2**62 + 1}"),
    ],
)
def test_impossible_patterns_name_the_value(k, stop, residue, named):
    with pytest.raises(InvalidValueError, match=f"^{named}: "):
        Multiples(k, stop, residue)
