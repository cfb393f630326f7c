"""Nothing asks the network: neither training nor what reads its folders."""

import os
import shutil
import socket
import subprocess
import sys

import pytest

from tests.support.commands import ROOT, environment

SHORT = ("experiment=plain", "steps=20", "evaluate_every=20", "evaluation.samples=50", "~callbacks.pictures")


class AskedError(BaseException):
    """Something asked the network; no `except Exception` hides it."""


@pytest.fixture
def asked(monkeypatch):
    """What the network was asked for; every question fails. Sockets within this machine's kernel are none."""
    questions = []

    def refuse(*arguments, **options):
        questions.append(arguments)
        raise AskedError(arguments)

    for name in ("connect", "connect_ex", "sendto"):
        real = getattr(socket.socket, name)

        def guarded(self, *arguments, real=real):
            return real(self, *arguments) if self.family == socket.AF_UNIX else refuse(self, *arguments)

        monkeypatch.setattr(socket.socket, name, guarded)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr"):
        monkeypatch.setattr(socket, name, refuse)
    return questions


def test_sockets_are_blocked_indeed(asked):
    with pytest.raises(AskedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(AskedError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"", ("192.0.2.1", 53))
    assert len(asked) == 2


def test_every_command_works_without_a_network(typed, asked):
    for script, *arguments in (
        ("train", *SHORT, "hydra.run.dir=run"),
        ("train", "-m", *SHORT, "seed=1,2", "hydra.sweep.dir=sweep"),
        ("generate", "run", "-n", "3"),
        ("evaluate", "run", "--samples", "50"),
        ("export", "run", "--format", "torchscript"),
        ("report", "run"),
    ):
        done = typed(script, *arguments)
        assert (done.code, asked) == (0, []), done.err


def may_unshare():
    line = [shutil.which("unshare") or "false", "--map-root-user", "--net", "true"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_unshare(), reason="this machine lends no network namespaces")
def test_a_run_needs_no_network_device(tmp_path):
    line = ["unshare", "--map-root-user", "--net", sys.executable, str(ROOT / "train.py"), *SHORT, "hydra.run.dir=run"]
    surroundings = environment() | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    done = subprocess.run(line, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "result.json").is_file()
