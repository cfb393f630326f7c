import sys
from pathlib import Path

import pytest

from patterngan.arguments import OneLineParser, positive, seed


def test_a_mistake_is_one_line(capsys):
    parser = OneLineParser()
    parser.add_argument("-n", type=positive)
    with pytest.raises(SystemExit) as left:
        parser.parse_args(["-n", "0"])
    assert left.value.code == 2
    line = "error: argument -n: '0' must be an integer from 1 to 10000000\n"
    assert capsys.readouterr() == ("", line)


def test_a_seed_is_large():
    assert seed(str(2**63 - 1)) == 2**63 - 1


def test_trusted_packages_may_lie_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    parser = OneLineParser()
    parser.add_run()
    assert parser.parse_args(["run"]).trust == []
    assert str(tmp_path) not in sys.path
    arguments = parser.parse_args(["run", "--trust", "a", "--trust", "b"])
    assert (arguments.path, arguments.trust) == (Path("run"), ["a", "b"])
    assert sys.path[-1] == str(tmp_path)
