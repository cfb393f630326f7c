"""Runs that several tests look at."""

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import Script

from patterngan import cli
from tests.conftest import ROOT, environment


@dataclass
class Outcome:
    """What a command in this process left behind."""

    code: int
    out: str
    err: str
    made: list[Path]


@pytest.fixture
def typed(tmp_path, monkeypatch) -> Callable[..., Outcome]:
    """`python train.py ARGUMENTS` or a script in an empty folder, in this process: a hundred cases in seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    before = set(tmp_path.rglob("*"))

    def call(script: str, *arguments: str) -> Outcome:
        module = __import__(script)
        monkeypatch.setattr(sys, "argv", [f"{script}.py", *arguments])
        start = cli.run if script == "train" else cli.script
        code, out, err = 0, io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                start(module.main)
            except SystemExit as exit_:
                code = exit_.code
        return Outcome(code, out.getvalue(), err.getvalue(), sorted(set(tmp_path.rglob("*")) - before))

    return call


@pytest.fixture(scope="session")
def evens(tmp_path_factory) -> Path:
    """A finished run of a recipe."""
    folder = tmp_path_factory.mktemp("runs") / "evens"
    line = ["experiment=even_numbers", f"hydra.run.dir={folder}"]
    assert Script("train.py", line, folder.parent, environment()).ended().returncode == 0
    return folder
