"""What users type, as Hydra takes it: words that its grammar or a config has no room for. Imports nothing heavy."""

import re
from decimal import Decimal

from patterngan.packages import option_files
from patterngan.reporting.errors import known_values

SCIENTIFIC = re.compile(r"\d+(\.\d*)?[eE]\+?\d{1,2}")
"""A number such as 1e3."""


def meant(argument: str) -> str:
    """An argument of the command line as it is meant."""
    return whole_numbers(option_for_null(argument))


def option_for_null(argument: str) -> str:
    """`GROUP=null` as `GROUP=none` where the group has that option: Hydra's grammar has no null for a group."""
    group, _, values = argument.partition("=")
    if "null" not in values.split(",") or "none" not in {file.stem for file in option_files(group)}:
        return argument
    return f"{group}={','.join('none' if value == 'null' else value for value in values.split(','))}"


def whole_numbers(argument: str) -> str:
    """`steps=1e3` as `steps=1000`, for the keys that conf/ has integers under: for Hydra 1e3 is none."""
    key, _, values = argument.partition("=")
    if not any(map(SCIENTIFIC.fullmatch, values.split(","))):
        return argument
    if not any(known == key and type(value) is int for known, value in known_values()):
        return argument
    return f"{key}={','.join(map(_whole, values.split(',')))}"


def _whole(value: str) -> str:
    """A number in digits, if it is whole."""
    number = Decimal(value) if SCIENTIFIC.fullmatch(value) else None
    return str(int(number)) if number is not None and number == int(number) else value
