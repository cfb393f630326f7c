"""How often functions are called."""

import functools
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def count_calls(monkeypatch) -> Callable[..., dict[str, int]]:
    """Counts the calls of functions that are given as name=(owner, attribute); returns name → calls so far."""

    def counted(**functions: tuple[Any, str]) -> dict[str, int]:
        counts = dict.fromkeys(functions, 0)
        for name, (owner, attribute) in functions.items():
            monkeypatch.setattr(owner, attribute, _counting(getattr(owner, attribute), counts, name))
        return counts

    return counted


def _counting(function: Callable[..., Any], counts: dict[str, int], name: str) -> Callable[..., Any]:
    @functools.wraps(function)  # whoever asks for its parameters sees those of the function
    def call(*arguments: Any, **named: Any) -> Any:
        counts[name] += 1
        return function(*arguments, **named)

    return call
