"""Going on with runs from the command line; tests/faults kills them before."""

import json
import shutil

import torch
from benchmark_faults import differences
from processes import Script
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.commands import environment

OPTIONS = (
    "experiment=plain",
    "steps=300",
    "evaluate_every=100",
    "encoding=onehot",
    "pattern.k=5",
    "evaluation.samples=500",
    "update.ema=0.99",
    "discriminator.spectral_norm=true",
)


def start(folder, *arguments):
    return Script("train.py", list(arguments), folder, environment())


def finished(folder, *arguments):
    done = start(folder, *arguments).ended()
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def curves(run):
    """Every curve as TensorBoard shows it: tag → (step, value)."""
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_a_run_that_ended_stays_as_it_is_and_can_go_on(tmp_path):
    run, twin, longer = (tmp_path / name for name in ("run", "twin", "longer"))
    finished(tmp_path, *OPTIONS, "hydra.run.dir=run")
    shutil.copytree(run, twin)
    finished(tmp_path, "ckpt_path=run")  # measured again, and nothing is written twice
    assert differences(run, twin) == []
    finished(tmp_path, "ckpt_path=run", "steps=310")
    finished(tmp_path, *OPTIONS, "steps=310", "hydra.run.dir=longer")
    assert curves(run) == curves(longer)
    ours, theirs = (torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True) for folder in (run, longer))
    assert str(ours["optimizer_states"]) == str(theirs["optimizer_states"])
    assert all(torch.equal(ours["state_dict"][name], theirs["state_dict"][name]) for name in ours["state_dict"])


def test_a_typed_lr_wins_over_the_checkpoints(run, tmp_path):
    (tmp_path / ".hydra").mkdir()
    run("steps=30", "evaluate_every=30", "lr=1e-3")
    run("steps=60", "evaluate_every=30", "lr=0.5", f"ckpt_path={tmp_path}")
    states = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["optimizer_states"]
    assert [state["param_groups"][0]["lr"] for state in states] == [0.5, 0.5]


def test_from_the_best_checkpoint_a_run_goes_on_in_a_folder_of_its_own(tmp_path):
    finished(tmp_path, "steps=90", "evaluate_every=30", "hydra.run.dir=run")
    best = tmp_path / "run" / "checkpoints" / "best.ckpt"
    step = torch.load(best, weights_only=True)["global_step"]
    before = curves(tmp_path / "run")
    finished(tmp_path, f"ckpt_path={best}", "steps=120", "hydra.run.dir=other")
    assert curves(tmp_path / "run") == before
    after = curves(tmp_path / "other")
    assert [at for at, _ in after["metrics/tv"]] == list(range(step, 121, 30))
    tags = EventAccumulator(str(tmp_path / "other")).Reload().summary_metadata
    assert "_hparams_/session_start_info" in tags


def test_a_sweep_can_start_from_a_checkpoint(tmp_path):
    finished(tmp_path, "steps=30", "evaluate_every=30", "hydra.run.dir=run")
    finished(tmp_path, "-m", "ckpt_path=run", "steps=60", "lr=1e-3,1e-4", "hydra.sweep.dir=sweep")
    assert {tuple(result_overrides(tmp_path / "sweep" / str(job)))[-1] for job in (0, 1)} == {"lr=0.001", "lr=0.0001"}


def result_overrides(run):
    return json.loads((run / "result.json").read_text())["overrides"]
