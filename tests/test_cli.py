import gc
import os

import pytest

from patterngan import cli


@pytest.mark.parametrize("start", [cli.run, cli.script])
def test_threads_wait_asleep_unless_the_environment_says_how(monkeypatch, start):
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    start(lambda: None)
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    start(lambda: None)
    assert os.environ["OMP_WAIT_POLICY"] == "active"


@pytest.mark.parametrize(("start", "importing"), [(cli.run, 1_000_000), (cli.script, 10_000)])
def test_garbage_is_looked_for_seldom_and_not_at_the_exit(monkeypatch, start, importing):
    at_exit, frozen = [], []
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.setattr("atexit.register", at_exit.append)
    gc.set_threshold(700)
    start(lambda: None)
    assert gc.get_threshold()[0] == importing
    assert at_exit == [gc.freeze]
    monkeypatch.setattr("gc.freeze", lambda: frozen.append(1))
    for _ in range(2):  # each job of a sweep does so
        cli.collect_again()
        assert gc.get_threshold()[0] == 10_000
    assert len(frozen) == (importing > 10_000)


def test_the_command_patterngan_names_its_commands(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["patterngan"])
    cli.command()
    assert "one of train, generate, evaluate, export, report, figures" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["patterngan", "sing"])
    with pytest.raises(SystemExit) as left:
        cli.command()
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("error: patterngan sing: must be one of train, ")
