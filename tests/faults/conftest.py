"""What the tests of faults share: undisturbed runs to compare with, and disks that can be filled.

A small file system is mounted for a full disk; where that is not possible a limit to the size of files stands in.
"""

import io
import os
import subprocess
import sys
from contextlib import redirect_stdout

import pytest

from patterngan import cli
from tests.faults.disks import Limited, Mounted, Writes, mount
from tests.support.commands import ROOT
from tests.support.kills import PICTURED, Victim

QUICK = ["experiment=even_numbers", "seed=1", "steps=40", "evaluate_every=10", "update.ema=0.9", "~callbacks.pictures"]

SWEPT = ["batch_size=8,16", "lr=1e-3,1e-2"]
"""Two populations of two members."""

PLAIN = ("experiment=plain", "steps=600", *PICTURED)


@pytest.fixture(scope="session")
def finished(shared):
    """An undisturbed run of `PLAIN`, from a process of its own."""
    return shared("finished", lambda folder: Victim(PLAIN, folder / "run").run()) / "run"


@pytest.fixture
def mounted(tmp_path):
    (tmp_path / "disk").mkdir()
    if not mount(tmp_path / "disk"):
        pytest.skip("this machine lets no test mount a file system")
    yield Mounted(tmp_path / "disk")
    subprocess.run(["umount", "--lazy", str(tmp_path / "disk")], check=True)  # lazy: this process keeps train.log open


@pytest.fixture
def limited(tmp_path):
    (tmp_path / "disk").mkdir()
    yield Limited(tmp_path / "disk")
    Limited(tmp_path).clear()


@pytest.fixture
def disk(request):
    """A mounted disk where that is possible, else a limited one."""
    try:
        return request.getfixturevalue("mounted")
    except pytest.skip.Exception:
        return request.getfixturevalue("limited")


@pytest.fixture
def writes(monkeypatch):
    """Lets a test act just before a file is written."""
    watched = Writes()
    monkeypatch.setattr(io, "open", watched.io_open)
    monkeypatch.setattr(os, "open", watched.os_open)
    return watched


@pytest.fixture(scope="session")
def twins(shared):
    """A folder with an undisturbed run and an undisturbed sweep."""
    return shared("twins", train_twins)


def train_twins(folder):
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.syspath_prepend(str(ROOT))
        for line in ([*QUICK, "hydra.run.dir=run"], ["-m", *QUICK, *SWEPT, "hydra.sweep.dir=sweep"]):
            patched.setattr(sys, "argv", ["train.py", *line])
            with redirect_stdout(None):
                cli.run(__import__("train").main)
