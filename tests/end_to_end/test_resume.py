"""Going on with runs from the command line; tests/faults kills them before."""

import json
import shutil

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from patterngan.reporting.events import folder_of_events
from patterngan.storage.checkpoints import read

QUICK = ("experiment=plain", "evaluation.samples=100", "~callbacks.pictures")
OPTIONS = (*QUICK, "steps=90", "evaluate_every=30", "update.ema=0.99", "discriminator.spectral_norm=true")


@pytest.fixture
def finished(typed):
    """Runs `python train.py ARGUMENTS`, which must end well."""

    def call(*arguments):
        done = typed("train", *arguments)
        assert (done.code, done.err) == (0, "")

    return call


def curves(run):
    """Every curve as TensorBoard shows it: tag → (step, value)."""
    events = EventAccumulator(str(folder_of_events(run)), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def last(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)


def require_same(run, other):
    """Checks that two runs have the same curves, weights and optimizer states, to the bit."""
    assert curves(run) == curves(other)
    ours, theirs = last(run), last(other)
    ours_states, theirs_states = (str([one["state"] for one in it["optimizer_states"]]) for it in (ours, theirs))
    assert ours_states == theirs_states
    assert ours["state_dict"].keys() == theirs["state_dict"].keys()
    assert all(torch.equal(ours["state_dict"][name], theirs["state_dict"][name]) for name in ours["state_dict"])


def test_a_run_that_ended_stays_as_it_is_and_can_go_on(finished, tmp_path, kit):
    run, twin, longer = (tmp_path / name for name in ("run", "twin", "longer"))
    options = (*OPTIONS, *kit.parts, f"optimizer={kit.optimizer}")
    finished(*options, "hydra.run.dir=run")
    shutil.copytree(run, twin)
    finished("ckpt_path=run")  # measured again, and nothing is written twice
    require_same(run, twin)
    assert (run / "result.json").read_bytes() == (twin / "result.json").read_bytes()
    finished("ckpt_path=run", "steps=100")
    assert result(run)["wall_seconds"] > read(twin).seconds.wall > 0
    finished(*options, "steps=100", "hydra.run.dir=longer")
    require_same(run, longer)


def test_another_experiment_does_not_touch_a_run(typed, tmp_path):
    assert typed("train", *QUICK, "steps=30", "evaluate_every=30", "hydra.run.dir=run").code == 0
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    done = typed("train", "ckpt_path=run", "experiment=even_numbers")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: experiment=even_numbers: the run of ckpt_path=run/checkpoints/last.ckpt was started with "
        "experiment=plain; leave it out to go on, or type its keys one by one\n"
    )
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_run_whose_time_is_used_up_keeps_its_result(finished, tmp_path):
    timed = ("+trainer.max_time=00:00:01", "steps=1000000", "evaluate_every=50", "logger=none")
    finished(*QUICK, *timed, "hydra.run.dir=run")
    before = (tmp_path / "run" / "result.json").read_bytes()
    assert result(tmp_path / "run")["ended"].endswith(" of 1000000: its time is used up")
    finished("ckpt_path=run", "+trainer.max_time=00:00:01", "logger=none")
    assert (tmp_path / "run" / "result.json").read_bytes() == before


def test_the_seconds_of_all_sessions_add_up(finished, tmp_path):
    finished(*QUICK, "steps=30", "evaluate_every=30", "hydra.run.dir=run")
    first = result(tmp_path / "run")
    assert first["wall_seconds"] == first["share_seconds"] > 0
    content = last(tmp_path / "run")
    assert 0 < content["patterngan"]["seconds"][0] <= first["wall_seconds"]
    content["patterngan"]["seconds"] = [1000.0, 500.0]
    torch.save(content, tmp_path / "run" / "checkpoints" / "last.ckpt")
    finished("ckpt_path=run", "steps=60")
    assert 1000 < result(tmp_path / "run")["wall_seconds"] < 1100
    assert 500 < result(tmp_path / "run")["share_seconds"] < 600
    assert 1000 < read(tmp_path / "run").seconds.wall < 1100


def test_a_typed_lr_wins_over_the_checkpoints(finished, tmp_path):
    finished(*QUICK, "steps=30", "evaluate_every=30", "lr=1e-3", "hydra.run.dir=run")
    finished("steps=60", "lr=0.5", "ckpt_path=run")
    assert [state["param_groups"][0]["lr"] for state in last(tmp_path / "run")["optimizer_states"]] == [0.5, 0.5]


def test_from_the_best_checkpoint_a_run_goes_on_in_a_folder_of_its_own(finished, tmp_path):
    finished(*QUICK, "steps=90", "evaluate_every=30", "hydra.run.dir=run")
    best = tmp_path / "run" / "checkpoints" / "best.ckpt"
    step = torch.load(best, weights_only=True)["global_step"]
    before = curves(tmp_path / "run")
    finished(f"ckpt_path={best}", "steps=120", "hydra.run.dir=other")
    assert curves(tmp_path / "run") == before
    after = curves(tmp_path / "other")
    assert [at for at, _ in after["metrics/tv"]] == list(range(step, 121, 30))
    tags = EventAccumulator(str(folder_of_events(tmp_path / "other"))).Reload().summary_metadata
    assert "_hparams_/session_start_info" in tags


def test_a_sweep_can_start_from_a_checkpoint_and_be_stopped(finished, tmp_path):
    finished(*QUICK, "steps=30", "evaluate_every=30", "hydra.run.dir=run")
    command = ("-m", "ckpt_path=run", "steps=60", "lr=1e-3,1e-4", "hydra.sweep.dir=sweep")
    finished(*command)
    (tmp_path / "sweep" / "1" / "result.json").unlink()
    finished(*command)
    runs = [result(tmp_path / "sweep" / str(job)) for job in (0, 1)]
    assert [run["steps"] for run in runs] == [60, 60]
    assert {run["overrides"][-1] for run in runs} == {"lr=0.001", "lr=0.0001"}


def result(run):
    return json.loads((run / "result.json").read_text())
