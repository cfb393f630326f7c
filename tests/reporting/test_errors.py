import pytest

from patterngan.reporting.errors import message, unknown_key
from patterngan.validation import UsageError


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("patern.k=3", "patern.k=3: is no key; did you mean pattern.k?"),
        ("learning_rate=3", "learning_rate=3: is no key; docs/configuration.md lists the keys"),
        ("trainer.max_time=3", "trainer.max_time=3: is no key; +trainer.max_time=3 adds it"),
        ("evaluate_evry=3", "evaluate_evry=3: is no key; did you mean evaluate_every?"),
    ],
)
def test_unknown_keys_get_a_near_match(override, line):
    assert unknown_key(override) == line


def test_the_line_of_an_error():
    assert message(UsageError("first\nsecond")) == "first\\nsecond"
    assert message(OSError(13, "Permission denied", "/x")) == "/x: cannot be written or read (Permission denied)"
    assert message(ValueError()) == "ValueError"


def test_a_scalar_in_an_options_place_is_refused_with_the_options(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py", "lr=3", "logger=csv", "encoding=null"])
    line = "encoding=null: must be one of binary, digits, onehot"
    assert message(ValueError("Config group override must be a string or a list. Got NoneType")) == line
