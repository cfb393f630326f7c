import re

import pytest

from patterngan.packages import is_group, option_files
from patterngan.reporting.errors import (
    KEYS,
    OPTIONS,
    known_keys,
    message,
    near_option,
    several_values,
    unknown_key,
)
from patterngan.validation import UsageError


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("patern.k=3", "patern.k=3: is no key; did you mean pattern.k?"),
        ("nothing=3", "nothing=3: is no key; docs/configuration.md lists the keys"),
        ("learning_rate=3", "learning_rate=3: is no key; did you mean lr?"),
        ("trainer.max_steps=3", "trainer.max_steps=3: is no key; did you mean steps?"),
        ("trainer.max_time=3", "trainer.max_time=3: is no key; +trainer.max_time=3 adds it"),
        ("evaluate_evry=3", "evaluate_evry=3: is no key; did you mean evaluate_every?"),
    ],
)
def test_unknown_keys_get_a_near_match(override, line):
    assert unknown_key(override) == line


def test_every_replacement_is_a_key_or_an_option():
    assert set(KEYS.values()) <= set(known_keys())
    assert not set(KEYS) & set(known_keys())
    for replaced, replacement in OPTIONS.items():
        assert replaced.partition("=")[2] not in {file.stem for file in option_files(replaced.partition("=")[0])}
        for override in re.findall(r"[\w.]+=\w+", replacement):
            key, _, value = override.partition("=")
            assert key in known_keys()
            assert not is_group(key) or value in {file.stem for file in option_files(key)}


@pytest.mark.parametrize(
    ("typed", "near"),
    [("even", "even_numbers"), ("even_number", "even_numbers"), ("odd", None), ("plan", "plain"), ("cnn", None)],
)
def test_the_near_option_begins_alike_or_has_most_letters_in_common(typed, near):
    assert near_option(typed, ["dirac", "even_numbers", "odd_numbers", "plain", "study_evens"]) == near


@pytest.mark.parametrize(
    ("override", "hint"),
    [("lr=1,000", "lr=1000"), ("lr=12,345,678", "lr=12345678"), ("lr=1,10", None), ("lr=0.1,000", None)],
)
def test_a_number_with_a_comma_is_told_from_several_values(override, hint):
    line = several_values(override)
    assert line.startswith(f"{override}: several values at once are a sweep; add -m (a list is written [a,b])")
    assert line.endswith(f"; one number is written without a comma: {hint}") is (hint is not None)


def test_the_line_of_an_error():
    assert message(UsageError("first\nsecond")) == "first\\nsecond"
    assert message(OSError(13, "Permission denied", "/x")) == "/x: cannot be written or read (Permission denied)"
    assert message(ValueError()) == "ValueError"


def test_a_scalar_in_an_options_place_is_refused_with_the_options(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py", "lr=3", "logger=csv", "encoding=null"])
    line = "encoding=null: must be one of binary, digits, onehot"
    assert message(ValueError("Config group override must be a string or a list. Got NoneType")) == line
