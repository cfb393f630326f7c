import os

import pytest

from patterngan import cli
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
    assert cli.unknown_key(override) == line


def test_the_line_of_an_error():
    assert cli.message(UsageError("first\nsecond")) == "first\\nsecond"
    assert cli.message(OSError(13, "Permission denied", "/x")) == "/x: cannot be written or read (Permission denied)"
    assert cli.message(ValueError()) == "ValueError"


def test_a_scalar_in_an_options_place_is_refused_with_the_options(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py", "lr=3", "logger=csv", "encoding=null"])
    line = "encoding=null: must be one of binary, onehot"
    assert cli.message(ValueError("Config group override must be a string or a list. Got NoneType")) == line


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("logger=null", "logger=none"),
        ("callbacks=default,null", "callbacks=default,none"),
        ("ckpt_path=null", "ckpt_path=null"),
        ("encoding=null", "encoding=null"),
        ("logger.csv.name=null", "logger.csv.name=null"),
    ],
)
def test_null_is_the_option_none_of_a_group_that_has_it(typed, meant):
    assert cli.option_for_null(typed) == meant


@pytest.mark.parametrize("start", [cli.run, cli.script])
def test_threads_wait_asleep_unless_the_environment_says_how(monkeypatch, start):
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    start(lambda: None)
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    start(lambda: None)
    assert os.environ["OMP_WAIT_POLICY"] == "active"
