"""Ctrl-C and SIGTERM: a checkpoint between two evaluations, a summary, an exit code, and a command to go on with."""

import signal

import pytest
import torch

from tests.support.commands import environment
from tests.support.differences import differences
from tests.support.kills import resume_arguments
from tests.support.processes import Script

RUN = (
    "experiment=plain",
    "steps=1500",
    "evaluate_every=500",
    "evaluation.samples=200",
    "update.ema=0.9",
    "~callbacks.pictures",
)
SWEEP = ("-m", *RUN, "seed=1,2", "lr=1e-3,1e38")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def stopped(folder, number, *line, after=" go on with: "):
    """Sends a command a signal while it trains, once it has printed `after`; returns what came of it."""
    process = Script("train.py", list(line), folder, environment())
    process.until(after)
    process.send(number)
    return process.ended(60)


@pytest.fixture(scope="module")
def undisturbed(shared):
    return shared("undisturbed", train_undisturbed)


def train_undisturbed(folder):
    for line in ((*RUN, "hydra.run.dir=run"), (*SWEEP, "hydra.sweep.dir=sweep")):
        assert Script("train.py", list(line), folder, environment()).ended().returncode in (0, 1)


@pytest.mark.parametrize("number", CODES)
def test_a_run_stops_between_two_evaluations_and_goes_on_from_there(tmp_path, undisturbed, number):
    done = stopped(tmp_path, number, *RUN, "hydra.run.dir=run")
    assert (done.returncode, done.stderr) == (CODES[number], "")
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    step = torch.load(last, weights_only=True)["global_step"]
    assert step % 50 == 0
    assert step < 1500
    lines = done.stdout.splitlines()
    assert lines[-4] == f"stopped    at step {step}"
    assert lines[-3].startswith("result     validity 0.")
    assert lines[-3].endswith("  so far")
    assert lines[-2] == "folder     run"
    assert lines[-1].startswith("interrupted; go on with: python ")
    assert not (tmp_path / "run" / "result.json").exists()
    goes_on = Script("train.py", resume_arguments(done.stdout), tmp_path, environment()).ended()
    assert (goes_on.returncode, goes_on.stderr) == (0, "")
    assert f"step {0:>6}" not in goes_on.stdout
    assert differences(tmp_path / "run", undisturbed / "run") == []


def test_a_sweep_stops_between_two_evaluations_and_goes_on_from_there(tmp_path, undisturbed, command):
    done = stopped(tmp_path, signal.SIGTERM, *SWEEP, "hydra.sweep.dir=sweep", after="step    500")
    assert done.returncode == 143
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    assert lines[-3].startswith("stopped    0 of 4 runs have ended")
    assert lines[-1].startswith("interrupted; go on with: python ")
    assert lines[-1].endswith(" hydra.sweep.dir=sweep")
    steps = {torch.load(file, weights_only=True)["global_step"] for file in (tmp_path / "sweep").glob("*/*/last.ckpt")}
    assert len(steps) == 1
    assert max(steps) % 50 == 0
    assert not list((tmp_path / "sweep").glob(".fused/*.ckpt*"))
    assert "unfinished  0, 2" in command("scripts/report.py", "sweep").stdout
    assert Script("train.py", resume_arguments(done.stdout), tmp_path, environment()).ended().returncode == 1
    assert differences(tmp_path / "sweep", undisturbed / "sweep") == []
    assert not (tmp_path / "sweep" / ".fused").exists()


def test_a_second_signal_stops_at_once(tmp_path):
    slow = ("experiment=plain", "steps=50", "evaluate_every=50", "batch_size=65536", "evaluation.samples=200")
    process = Script("train.py", [*slow, "hydra.run.dir=run"], tmp_path, environment())
    process.until(" go on with: ")
    process.send(signal.SIGINT)
    process.send(signal.SIGTERM)
    done = process.ended(60)
    assert done.returncode in CODES.values()
    assert done.stderr == ""
    assert torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 0


def test_a_signal_before_training_ends_it_as_well(tmp_path):
    process = Script("train.py", ["evaluation.samples=10000000", "hydra.run.dir=run"], tmp_path, environment())
    while process.is_running and not (tmp_path / "run" / ".hydra" / "overrides.yaml").exists():
        pass
    process.send(signal.SIGTERM)
    done = process.ended(60)
    assert done.returncode == 143
    assert "Traceback" not in done.stderr
    again = Script("train.py", [*RUN, "steps=10", "hydra.run.dir=run"], tmp_path, environment()).ended()
    assert again.returncode == 0  # the folder is free
