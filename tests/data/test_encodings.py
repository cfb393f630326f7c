import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.encodings import WIDEST_CODE, Binary, Digits, OneHot
from patterngan.validation import InvalidValueError

capacities = st.integers(2, 2**62)


@given(capacities, st.data())
def test_binary_decode_undoes_encode(capacity, data):
    numbers = torch.tensor(data.draw(st.lists(st.integers(0, capacity - 1), min_size=1)))
    encoding = Binary(capacity)
    codes = encoding.encode(numbers)
    assert codes.shape == (len(numbers), (capacity - 1).bit_length())
    assert torch.equal(encoding.decode(codes), numbers)


@given(capacities, st.data())
def test_binary_is_the_bits_most_significant_first(capacity, data):
    number = data.draw(st.integers(0, capacity - 1))
    encoding = Binary(capacity)
    bits = [int(bit) for bit in f"{number:0{encoding.width}b}"]
    assert encoding.encode(torch.tensor(number)).tolist() == bits


@given(st.integers(2, 3000), st.data())
def test_onehot_decode_undoes_encode_and_has_two_halves(capacity, data):
    k = data.draw(st.integers(1, capacity))
    number = data.draw(st.integers(0, capacity - 1))
    encoding = OneHot(capacity, k)
    quotients = -(-capacity // k)
    expected = [0.0] * (quotients + k)
    expected[number // k] = expected[quotients + number % k] = 1.0
    assert encoding.width == quotients + k
    assert encoding.encode(torch.tensor(number)).tolist() == expected
    assert encoding.decode(encoding.encode(torch.tensor([number]))).tolist() == [number]


def digits_of(number, base):
    """The digits by repeated division, most significant first."""
    return [*(digits_of(number // base, base) if number >= base else []), number % base]


@given(capacities, st.integers(2, 256), st.data())
def test_digits_are_one_hots_most_significant_first(capacity, base, data):
    number = data.draw(st.integers(0, capacity - 1))
    encoding = Digits(capacity, base)
    count = len(digits_of(capacity - 1, base))
    written = digits_of(number, base)
    written = [0] * (count - len(written)) + written
    assert (encoding.symbols, encoding.width) == ((base,) * count, base * count)
    code = encoding.encode(torch.tensor(number))
    assert code.tolist() == [float(category == digit) for digit in written for category in range(base)]
    assert encoding.decode(code) == number


@given(capacities, st.integers(2, 256), st.data())
def test_every_code_of_digits_stands_for_its_number_or_for_one_above_the_capacity(capacity, base, data):
    encoding = Digits(capacity, base)
    count = len(encoding.symbols)
    written = data.draw(st.lists(st.integers(0, base - 1), min_size=count, max_size=count))
    number = sum(digit * base**place for place, digit in enumerate(reversed(written)))
    decoded = encoding.decode(torch.eye(base)[written].flatten()).item()
    assert decoded == number or (number >= capacity and decoded == 2**63 - 1 and base**count > 2**63)


def test_decimal_digits_are_those_that_people_write():
    assert Digits(1000, 10).decode(Digits(1000, 10).encode(torch.tensor([7, 987]))).tolist() == [7, 987]
    assert Digits(1000, 10).encode(torch.tensor(120)).nonzero().flatten().tolist() == [1, 12, 20]
    assert Digits(5, 10).symbols == (10,)
    assert (Digits(128, 2).width, Digits(2**62, 256).width) == (14, 2048)


@pytest.mark.parametrize("encoding", [Binary(100), OneHot(100, 7), Digits(100, 7)])
def test_every_integer_of_a_capacity_that_is_no_power_of_two(encoding):
    integers = torch.arange(100).view(4, 25)
    assert torch.equal(encoding.decode(encoding.encode(integers)), integers)


def test_codes_can_stand_for_integers_at_or_above_the_capacity():
    assert Binary(100).width == 7
    assert Binary(100).decode(torch.ones(7)) == 127
    last_quotient, last_remainder = torch.zeros(15), torch.zeros(7)
    last_quotient[-1] = last_remainder[-1] = 1
    assert OneHot(100, 7).decode(torch.cat([last_quotient, last_remainder])) == 104
    assert Digits(100, 10).decode(Digits(1000, 10).encode(torch.tensor(987))[10:]) == 87
    assert Digits(101, 10).decode(Digits(1000, 10).encode(torch.tensor(987))) == 987


def test_soft_codes_are_rounded_at_one_half_or_to_the_largest():
    assert Binary(8).decode(torch.tensor([0.51, 0.5, 0.9])) == 5
    assert OneHot(6, 3).decode(torch.tensor([0.1, 0.2, 3.0, 7.0, 4.0])) == 1 * 3 + 1
    assert Digits(9, 3).decode(torch.tensor([0.1, 0.2, -3.0, 7.0, 4.0, 8.0])) == 1 * 3 + 2


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Binary(1), "capacity=1: "),
        (lambda: Binary(2**62 + 1), "capacity="),
        (lambda: Binary("ten"), "capacity=ten: "),
        (lambda: OneHot(10, 0), "k=0: "),
        (lambda: OneHot(10, 11), "k=11: "),
        (lambda: OneHot(2 * WIDEST_CODE, 1), "capacity="),
        (lambda: Digits(10, 1), "base=1: "),
        (lambda: Digits(10, 257), "base=257: "),
        (lambda: Digits(1, 10), "capacity=1: "),
    ],
)
def test_impossible_encodings_name_the_value(make, named):
    with pytest.raises(InvalidValueError, match=f"^{named}"):
        make()
