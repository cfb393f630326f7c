import pytest

from patterngan import cli
from patterngan.validation import UsageError


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("patern.k=3", "patern.k=3: is no key; did you mean pattern.k?"),
        ("learning_rate=3", "learning_rate=3: is no key; docs/configuration.md lists the keys"),
        ("evaluate_evry=3", "evaluate_evry=3: is no key; did you mean evaluate_every?"),
    ],
)
def test_unknown_keys_get_a_near_match(override, line):
    assert cli.unknown_key(override) == line


def test_the_line_of_an_error():
    assert cli.message(UsageError("first\nsecond")) == "first\\nsecond"
    assert cli.message(OSError(13, "Permission denied", "/x")) == "/x: cannot be written or read (Permission denied)"
    assert cli.message(ValueError()) == "ValueError"


def test_a_scalar_in_an_options_place_is_refused_with_the_options(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py", "lr=3", "encoding=onehot", "logger=null"])
    line = "logger=null: must be one of none, tensorboard; logger=none switches it off"
    assert cli.message(ValueError("Config group override must be a string or a list. Got NoneType")) == line
