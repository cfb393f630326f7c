"""What a key may hold. A check returns the value, or raises an error that is one line: key, value, what is allowed."""

import math
from collections.abc import Collection
from typing import Any

LONGEST = 1000
"""Characters of an error that are shown; of longer ones the beginning and the end."""

LEAST, MOST = 2.0**-126, 3.4e38
"""The sizes of numbers that tensors hold in single precision: smaller ones become 0 there, larger ones infinite."""


class UsageError(Exception):
    """Something the user can put right; `str()` is the one line they read, `exit_code` the process's status."""

    exit_code = 2


class InvalidValueError(UsageError):
    """A key holds a value that it does not take."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__(key, value, allowed)
        self.key, self.value, self.allowed = key, value, allowed

    def __str__(self) -> str:
        return f"{self.key}={'null' if self.value is None else self.value}: {self.allowed}"

    def within(self, group: str) -> "InvalidValueError":
        """The same error, its key written as the user types it: a class knows `k`, its config is `pattern.k`."""
        return InvalidValueError(f"{group}.{self.key}", self.value, self.allowed)


def legible(text: str) -> str:
    """A text as a terminal can show it: what would move its cursor, or is no character at all, is written out."""
    return "".join(sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1] for sign in text)


def readable(text: str) -> str:
    """A text in one line of at most `LONGEST` characters, as a terminal can show it."""
    line = legible(text).replace("\n", "\\n")
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"


def integer(key: str, value: Any, low: int, high: int | None = None) -> int:
    """`value` if it is an integer in low … high; a bool or 2.0 is no integer."""
    in_range = isinstance(value, int) and not isinstance(value, bool) and low <= value
    if in_range and (high is None or value <= high):
        return int(value)
    allowed = f"an integer ≥ {low}" if high is None else f"an integer from {low} to {power(high)}"
    raise InvalidValueError(key, value, f"must be {allowed}{_as_sweep(value)}")


def power(value: object) -> str:
    """A value as text: of the powers of two, the large ones as such, 2^20."""
    if isinstance(value, int) and value >= 2**16 and value.bit_count() == 1:
        return f"2^{value.bit_length() - 1}"
    return str(value)


def _as_sweep(value: object) -> str:
    """How a list is typed that was meant as several values."""
    if isinstance(value, str) or not isinstance(value, Collection):
        return ""
    return f"; several values are a sweep: with -m, write {','.join(map(str, value))}"


def number(key: str, value: Any, low: float, high: float = math.inf, open_low: bool = False) -> float:
    """`value` if it is a finite number in low … high (`open_low`: above low) that a tensor can hold."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    if is_number and (low < value if open_low else low <= value) and value <= high:
        if value and not LEAST <= abs(value) <= MOST:
            raise InvalidValueError(key, value, f"must be 0 or of a size from {LEAST:.1g} to {MOST} (single precision)")
        return float(value)
    lower = "" if low == -math.inf else f" {'>' if open_low else '≥'} {low}"
    upper = "" if high == math.inf else f" and ≤ {high}"
    raise InvalidValueError(key, value, f"must be a finite number{lower}{upper}{_as_sweep(value)}")


def choice(key: str, value: Any, choices: Collection[str]) -> str:
    """`value` if it is one of `choices`."""
    if isinstance(value, str) and value in choices:
        return value
    raise InvalidValueError(key, value, f"must be one of {', '.join(choices)}")


def boolean(key: str, value: Any) -> bool:
    """`value` if it is true or false."""
    if isinstance(value, bool):
        return value
    raise InvalidValueError(key, value, "must be true or false")
