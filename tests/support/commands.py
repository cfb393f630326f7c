"""Command lines, in a process of their own or in this one."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from patterngan import cli
from patterngan.api import own_logging
from patterngan.paths import CONF
from tests.support.processes import Script
from tests.support.shared import Shared

ROOT = CONF.parent

Command = Callable[..., subprocess.CompletedProcess[str]]


def environment() -> dict[str, str]:
    """Returns the variables of a command: those of this process, without settings of the caller's terminal."""
    kept = {key: value for key, value in os.environ.items() if key not in ("HYDRA_FULL_ERROR", "FORCE_COLOR")}
    return kept | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"}


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs `python SCRIPT ARGUMENTS` in an empty folder, in a process of its own."""

    def call(script: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = Script(script, list(arguments), tmp_path, environment()).ended()
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return call


@dataclass
class Outcome:
    """The exit code, the output and the new files of a command."""

    code: int
    out: str
    err: str
    made: list[Path]


@pytest.fixture
def typed(tmp_path, monkeypatch) -> Callable[..., Outcome]:
    """Runs train.py or a script in an empty folder, in this process: a hundred cases in seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    before = set(tmp_path.rglob("*"))

    def call(script: str, *arguments: str) -> Outcome:
        module = __import__(script)
        monkeypatch.setattr(sys, "argv", [f"{script}.py", *arguments])
        start = cli.run if script == "train" else cli.script
        code, out, err = 0, io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), own_logging():
            try:
                start(module.main)
            except SystemExit as exit_:
                code = exit_.code
        return Outcome(code, out.getvalue(), err.getvalue(), sorted(set(tmp_path.rglob("*")) - before))

    return call


@pytest.fixture(scope="session")
def evens(shared: Shared) -> Path:
    """The folder of a finished run of the even-numbers recipe."""
    return shared("evens", lambda folder: train_in(folder, "experiment=even_numbers", f"hydra.run.dir={folder}"))


def train_in(folder: Path, *arguments: str) -> None:
    """Runs `python train.py ARGUMENTS` in a folder, which must succeed."""
    done = Script("train.py", list(arguments), folder, environment()).ended()
    assert done.returncode == 0, done.stdout + done.stderr
