import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterngan.validation import LONGEST, InvalidValueError, boolean, choice, integer, number, readable


@given(st.integers(), st.integers(), st.integers())
def test_integer_takes_what_lies_between(value, low, high):
    if low <= value <= high:
        assert integer("k", value, low, high) == value
    else:
        with pytest.raises(InvalidValueError, match=f"^k={value}: must be an integer from"):
            integer("k", value, low, high)


@pytest.mark.parametrize("value", [None, True, 2.0, "2", [2], math.nan])
def test_integer_takes_integers_alone(value):
    with pytest.raises(InvalidValueError, match="must be an integer ≥ 0"):
        integer("k", value, 0)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "1", None, True])
def test_number_takes_finite_numbers_above_an_open_bound(value):
    with pytest.raises(InvalidValueError, match="must be a finite number > 0"):
        number("lr", value, 0, open_low=True)
    assert number("lr", 0.5, 0, open_low=True) == 0.5


@pytest.mark.parametrize("value", [1e-320, -1e-39, 1e39, 10**400])
def test_number_takes_what_single_precision_holds(value):
    with pytest.raises(InvalidValueError, match=r"must be 0 or of a size from 1e-38 to 3\.4e\+38"):
        number("start", value, -math.inf)
    assert number("start", 0.0, -math.inf) == 0
    assert number("start", -3e38, -math.inf) == -3e38


def test_errors_name_the_key_as_the_user_types_it():
    error = InvalidValueError("k", None, "must be set").within("pattern")
    assert str(error) == "pattern.k=null: must be set"
    assert error.exit_code == 2


def test_choice_and_boolean():
    assert choice("head", "relu", ("relu", "sigmoid")) == "relu"
    with pytest.raises(InvalidValueError, match="^head=tanh: must be one of relu, sigmoid$"):
        choice("head", "tanh", ("relu", "sigmoid"))
    assert boolean("capture", False) is False
    with pytest.raises(InvalidValueError, match="^capture=0: must be true or false$"):
        boolean("capture", 0)


@pytest.mark.parametrize(
    ("text", "shown"), [("pattern.k=ü→", "pattern.k=ü→"), ("a\nb\x1b[31m\udcff", "a\\nb\\x1b[31m\\udcff"), ("", "")]
)
def test_what_a_terminal_would_obey_is_written_out(text, shown):
    assert readable(text) == shown


def test_a_long_text_keeps_its_ends():
    shown = readable("key=" + "x" * 5000 + ": must be short")
    assert len(shown) == LONGEST + 3
    assert shown.startswith("key=x")
    assert shown.endswith("x: must be short")
