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


def test_one_line_of_any_error():
    assert cli.one_line(UsageError("first\nsecond")) == "first\\nsecond"
    assert cli.one_line(OSError(13, "Permission denied", "/x")) == "/x: cannot be written or read (Permission denied)"
    assert cli.one_line(ValueError()) == "ValueError"
