import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.patterns import Cardinality, Listed, Multiples, Parity, bars_and_stripes, primes
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


def is_prime(n):
    return n > 1 and all(n % divisor for divisor in range(2, n))


def image(n, rows, columns):
    bits = [int(bit) for bit in f"{n:0{rows * columns}b}"]
    return [bits[row * columns : (row + 1) * columns] for row in range(rows)]


def striped(n, rows, columns):
    by_row = image(n, rows, columns)
    return all(len(set(row)) == 1 for row in by_row) or all(
        len(set(column)) == 1 for column in zip(*by_row, strict=True)
    )


CLOSED = [
    (Listed([9, 4, 1, 30]), lambda n: n in (1, 4, 9, 30)),
    (primes(98), is_prime),
    (primes(3), is_prime),
    (Parity(100), lambda n: n.bit_count() % 2 == 0),
    (Parity(97, "odd"), lambda n: n.bit_count() % 2 == 1),
    (Parity(2), lambda n: n == 0),
    (Cardinality(7, 3), lambda n: n.bit_count() == 3),
    (Cardinality(5, 0), lambda n: n == 0),
    (Cardinality(5, 5), lambda n: n == 31),
    (bars_and_stripes(2, 3), lambda n: striped(n, 2, 3)),
    (bars_and_stripes(3, 2), lambda n: striped(n, 3, 2)),
    (bars_and_stripes(1, 1), lambda n: True),
]


@pytest.mark.parametrize(("pattern", "law"), CLOSED)
def test_the_support_is_its_law(pattern, law):
    truth = [n for n in range(pattern.stop) if law(n)]
    integers = torch.arange(-3, pattern.stop + 200).view(1, -1)
    assert pattern.size == len(truth)
    assert pattern.member(torch.arange(pattern.size)).tolist() == truth
    assert pattern.contains(integers).tolist() == [[n in truth for n in integers[0].tolist()]]
    assert pattern.rank(torch.tensor(truth)).tolist() == list(range(pattern.size))


def test_bars_and_stripes_are_as_many_as_they_should_be():
    for rows, columns in ((2, 3), (4, 4), (3, 5)):
        assert bars_and_stripes(rows, columns).size == 2**rows + 2**columns - 2


@given(st.integers(1, 62), st.integers(0, 62), st.lists(st.integers(0, 2**61), min_size=1))
def test_large_cardinalities_are_exact(bits, ones, numbers):
    pattern = Cardinality(bits, min(ones, bits))
    ranks = torch.tensor(numbers) % pattern.size
    integers = pattern.member(ranks)
    assert [n.bit_count() for n in integers.tolist()] == [pattern.ones] * len(numbers)
    assert torch.equal(pattern.rank(integers), ranks)


@given(st.integers(2, 2**62), st.sampled_from(["even", "odd"]), st.lists(st.integers(0, 2**61), min_size=1))
def test_large_parities_are_exact(stop, ones, numbers):
    pattern = Parity(stop, ones)
    ranks = torch.tensor(numbers) % pattern.size
    integers = pattern.member(ranks)
    assert pattern.contains(integers).all()
    assert torch.equal(pattern.rank(integers), ranks)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Listed([]), "integers=.*: must hold from 1"),
        (lambda: Listed("12"), "integers=12: must be a list"),
        (lambda: Listed([1, -2]), "integers=-2"),
        (lambda: Listed([1, 2, 1]), "integers=.* must not repeat"),
        (lambda: primes(2), "stop=2: "),
        (lambda: Parity(10, "some"), "ones=some: must be one of even, odd"),
        (lambda: Cardinality(3, 4), "ones=4: "),
        (lambda: Cardinality(63, 4), "bits=63: "),
        (lambda: bars_and_stripes(9, 9), "columns=9: makes images of 81 bits"),
    ],
)
def test_other_impossible_patterns_name_the_value(make, message):
    with pytest.raises(InvalidValueError, match=f"^{message}"):
        make()


@given(st.integers(1, 60), st.integers(2, 12), st.lists(st.integers(0, 11), min_size=1, max_size=30))
def test_multiples_go_on_in_any_base(k, base, digits):
    digits = [digit % base for digit in digits]
    number = sum(digit * base**place for place, digit in enumerate(reversed(digits)))
    residue = number % k
    for candidate in {residue, 0}:
        pattern = Multiples(k, stop=2**40, residue=candidate)
        assert bool(pattern.continues(torch.tensor(digits), base)) == (number % k == candidate)


@given(st.integers(0, 2**80 - 1), st.sampled_from([1, 2, 4]))
def test_parity_goes_on(number, bits):
    digits = [number >> (bits * place) & ((1 << bits) - 1) for place in reversed(range(80 // bits))]
    assert bool(Parity(16, "odd").continues(torch.tensor(digits), 1 << bits)) == (number.bit_count() % 2 == 1)
