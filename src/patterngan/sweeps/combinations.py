"""Which runs a sweep has: every combination of the swept values, but for keys that advance together and for gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

from hydra.core.override_parser.types import Override

from patterngan.packages import is_group
from patterngan.reporting.overrides import parse
from patterngan.validation import InvalidValueError, UsageError

ZIP, EXCLUDE = "hydra.sweeper.zip", "hydra.sweeper.exclude"

Combination = dict[str, str]
"""Key → its override, such as lr → lr=0.01, in the order in which the keys were typed."""


@dataclass(frozen=True)
class Choices:
    """What one override gives to its key."""

    typed: str
    overrides: list[str]
    """One for each value."""
    is_swept: bool


@dataclass(frozen=True)
class Combinations:
    """The runs of a sweep."""

    runs: list[list[str]]
    """The overrides of each."""
    reasons: list[str]
    """Why they are not the full product; empty if they are."""

    def __str__(self) -> str:
        """How many runs there are, and why."""
        return f"{_counted(len(self.runs), 'run')}: {', '.join(self.reasons)}"


def zipped_keys(value: Any) -> list[list[str]]:
    """The keys that advance together, as `hydra.sweeper.zip` lists them."""
    lists = [] if value is None else value
    if not isinstance(lists, list) or not all(isinstance(keys, list) and len(keys) > 1 for keys in lists):
        raise InvalidValueError(ZIP, value, "must be null or lists of two or more swept keys: [[lr,update.ema]]")
    return [list(map(str, keys)) for keys in lists]


def excluded_values(value: Any) -> list[dict[str, Any]]:
    """The combinations to leave out, as `hydra.sweeper.exclude` lists them."""
    gaps = [] if value is None else value
    if not isinstance(gaps, list) or not all(isinstance(values, dict) and values for values in gaps):
        raise InvalidValueError(
            EXCLUDE, value, "must be null or a list of swept keys with values: [{lr: 1e-2, seed: 3}]"
        )
    return [{str(key): wanted for key, wanted in values.items()} for values in gaps]


def combinations(
    overrides: Sequence[Override], zipped: Sequence[Sequence[str]] = (), excluded: Sequence[Mapping[str, Any]] = ()
) -> Combinations:
    """The runs that overrides make, the last key varying fastest.

    Args:
        overrides: as typed; of two with one key the later wins.
        zipped: keys that advance together: the first value of each, then the second of each. They vary as one key, at
            the place of the first of them.
        excluded: keys with values. A combination that has all values of one of these mappings is left out.

    Raises:
        UsageError: for a key without values or one that is not swept, lists of different lengths, and gaps that no
            combination falls into or all do.
    """
    choices = {override.get_key_element(): _choices(override) for override in overrides}
    _check_zipped(choices, zipped)
    everything = _product(choices, zipped)
    kept = _without_gaps(everything, choices, excluded)
    reasons = [f"{_listed(keys)} advance together" for keys in zipped]
    if left_out := len(everything) - len(kept):
        reasons.append(f"{_counted(left_out, 'combination')} {'is' if left_out == 1 else 'are'} left out")
    return Combinations([list(combination.values()) for combination in kept], reasons)


def _choices(override: Override) -> Choices:
    key, typed = override.get_key_element(), str(override.input_line)
    if not override.is_sweep_override():
        return Choices(typed, [f"{key}={override.get_value_element_as_str()}"], is_swept=False)
    if not override.is_discrete_sweep():
        raise UsageError(f"{typed}: cannot be swept; a grid needs a list of values, range(…) or choice(…)")
    try:
        values = list(override.sweep_string_iterator())
    except ValueError as error:
        raise UsageError(f"{typed}: cannot be swept ({error})") from error
    if not values:
        raise UsageError(f"{typed}: is empty; a sweep needs at least one value")
    if "null" in values and is_group(override.key_or_group):  # which Hydra's defaults list cannot take
        raise UsageError(f"{typed}: null is no option; a sweep without this key has none")
    return Choices(typed, [f"{key}={value}" for value in values], is_swept=True)


def _check_zipped(choices: Mapping[str, Choices], zipped: Sequence[Sequence[str]]) -> None:
    seen: set[str] = set()
    for keys in zipped:
        _require_swept(ZIP, choices, keys)
        for key in keys:
            if key in seen:
                raise UsageError(f"{ZIP}: {key} stands there twice")
            seen.add(key)
        lengths = {key: len(choices[key].overrides) for key in keys}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{key} has {_counted(length, 'value')}" for key, length in lengths.items())
            raise UsageError(f"{ZIP}: {counts}; keys that advance together need equally many")


def _require_swept(option: str, choices: Mapping[str, Choices], keys: Sequence[str]) -> None:
    swept = [key for key, values in choices.items() if values.is_swept]
    for key in keys:
        if key not in swept:
            raise UsageError(f"{option}: {key} is not swept (swept: {', '.join(swept) or 'nothing'})")


def _product(choices: Mapping[str, Choices], zipped: Sequence[Sequence[str]]) -> list[Combination]:
    """Every combination of values, in which the keys of each zipped list advance together."""
    together = {key: tuple(keys) for keys in zipped for key in keys}
    axes = dict.fromkeys(together.get(key, (key,)) for key in choices)
    steps = [list(zip(*(choices[key].overrides for key in keys), strict=True)) for keys in axes]
    named = (dict(zip(chain(*axes), chain(*row), strict=True)) for row in product(*steps))
    return [{key: one[key] for key in choices} for one in named]


def _without_gaps(
    everything: list[Combination], choices: Mapping[str, Choices], excluded: Sequence[Mapping[str, Any]]
) -> list[Combination]:
    gaps = [_gap(choices, values) for values in excluded]
    for values, gap in zip(excluded, gaps, strict=True):
        if not any(_is_in(combination, gap) for combination in everything):
            absent = {key: value for key, value in values.items() if not gap[key]} or values
            swept = " ".join(choices[key].typed for key in absent)
            raise UsageError(f"{EXCLUDE}: no run has {_typed(absent)} (swept: {swept})")
    kept = [combination for combination in everything if not any(_is_in(combination, gap) for gap in gaps)]
    if not kept:
        raise UsageError(f"{EXCLUDE}: leaves none of {_counted(len(everything), 'run')}")
    return kept


def _gap(choices: Mapping[str, Choices], values: Mapping[str, Any]) -> dict[str, set[str]]:
    """Each key of an excluded mapping → its overrides whose value, once parsed, is the excluded one."""
    _require_swept(EXCLUDE, choices, list(values))
    return {
        key: {override for override in choices[key].overrides if parse(override).value() == value}
        for key, value in values.items()
    }


def _is_in(combination: Combination, gap: Mapping[str, set[str]]) -> bool:
    return all(combination[key] in overrides for key, overrides in gap.items())


def _typed(values: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _listed(keys: Sequence[str]) -> str:
    return f"{', '.join(keys[:-1])} and {keys[-1]}"
