"""What a run is called on its page: its pattern, objective and architecture in words."""

from collections.abc import Callable, Mapping
from typing import Any

from patterngan.evaluation.verdict import NUMBERS
from patterngan.storage.settings import option_with
from patterngan.validation import power


def title(config: object) -> str | None:
    """`even numbers below 128 · nonsaturating · linear`, from a run's config; None if it is none.

    Args:
        config: the content of a run's `.hydra/config.yaml`, which may be of any kind.
    """
    parts = [_pattern(config), _option(config, "objective._target_"), _architecture(config)]
    return " · ".join(parts) if all(parts) else None  # type: ignore[arg-type]


def _architecture(config: object) -> str | None:
    """The option with the same cell or, where it has none, with the same generator."""
    return _option(config, "architecture.cell") or _option(config, "architecture.generator._target_")


def _option(config: object, key: str) -> str | None:
    value = _select(config, key)
    return option_with(key, value) if isinstance(value, str) else None


def _select(config: object, key: str) -> object:
    """The value under a dotted key; None where there is none."""
    for name in key.split("."):
        config = config.get(name) if isinstance(config, Mapping) else None
    return config


def _pattern(config: object) -> str | None:
    """The real integers in words: those of a pattern that is not patterngan's own are called by its option."""
    option, values = _option(config, "pattern._target_"), _select(config, "pattern")
    if option is None or not isinstance(values, Mapping):
        return None
    own = dict(values)
    if own.get("stop") == "${encoding.capacity}":
        own["stop"] = _select(config, "encoding.capacity")
    try:
        return _WORDS[option](own) if option in _WORDS else option
    except (LookupError, TypeError):
        return option


def _multiples(values: Mapping[str, Any]) -> str:
    k, residue, stop = values["k"], values["residue"], values["stop"]
    if k == 2 and residue in (0, 1):
        return f"{('even', 'odd')[residue]} numbers below {power(stop)}"
    if residue == 0:
        return f"multiples of {_number(k)} below {power(stop)}"
    return f"numbers below {power(stop)} with remainder {residue} on division by {k}"


def _number(number: object) -> str:
    """A small number as a word."""
    return NUMBERS[number] if isinstance(number, int) and 0 <= number < len(NUMBERS) else str(number)


def _listed(values: Mapping[str, Any]) -> str:
    """The first of the integers that are listed."""
    integers = values["integers"]
    return ", ".join(map(str, integers[:5])) + ", …" * (len(integers) > 5)


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "multiples": _multiples,
    "primes": lambda values: f"primes below {power(values['stop'])}",
    "parity": lambda values: f"numbers below {power(values['stop'])} with an {values['ones']} number of ones",
    "cardinality": lambda values: f"numbers of {values['bits']} bits with {_number(values['ones'])} ones",
    "bars_and_stripes": lambda values: f"bars and stripes of {values['rows']} × {values['columns']}",
    "listed": _listed,
}
"""Option of the group pattern → its values in words."""
