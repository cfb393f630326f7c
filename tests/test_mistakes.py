import sys

import pytest
from hydra.core.config_store import ConfigLoadError, ConfigStore

from patterngan.mistakes import LONGEST, hydras_mistake, raised_by_hydra, readable
from patterngan.validation import InvalidValueError, choice


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


def test_an_error_is_of_who_raised_it():
    with pytest.raises(ConfigLoadError) as hydras:
        ConfigStore.instance().load("nothing")
    assert raised_by_hydra(hydras.value)
    with pytest.raises(InvalidValueError) as ours:
        choice("key", 3, ("a",))
    assert not raised_by_hydra(ours.value)
    with pytest.raises(ZeroDivisionError) as neither:
        print(1 / 0)
    assert not raised_by_hydra(neither.value)


def test_hydras_mistake_names_the_keys_of_its_own_that_were_typed(monkeypatch):
    words = ["train.py", "lr=1", "hydra.run.dir=x", "hydra.verbose=3", "+hydra.job.env_set.A=1"]
    monkeypatch.setattr(sys, "argv", words)
    line = "hydra.verbose=3 +hydra.job.env_set.A=1: cannot be used by Hydra (ValueError: no such thing)"
    assert str(hydras_mistake(ValueError("no such\nthing"))) == line
