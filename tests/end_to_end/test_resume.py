"""A run that is killed and resumed is the run that never was."""

import json
import signal
import time

import torch
from processes import Script
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.conftest import ROOT, environment

OPTIONS = (
    "experiment=plain",
    "steps=4000",
    "evaluate_every=200",
    "encoding=onehot",
    "pattern.k=5",
    "evaluation.samples=500",
    "update.ema=0.99",
    "discriminator.spectral_norm=true",
)


def start(folder, *arguments):
    return Script("train.py", list(arguments), folder, environment())


def until_step(run, process, step):
    """Waits until the run has written a checkpoint at `step` or later."""
    path = run / "checkpoints" / "last.ckpt"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.is_running, process.ended()
        if path.exists() and torch.load(path, weights_only=True)["global_step"] >= step:
            return
        time.sleep(0.005)
    raise TimeoutError


def finished(folder, *arguments):
    done = start(folder, *arguments).ended()
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def curves(run):
    """Every curve as TensorBoard shows it: tag → (step, value)."""
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def texts(run):
    events = EventAccumulator(str(run), size_guidance={"tensors": 0}).Reload()
    return [(e.step, e.tensor_proto.string_val) for e in events.Tensors("samples/text_summary")]


def result(run):
    found = json.loads((run / "result.json").read_text())
    assert found["status"] == "completed"
    return found["metrics"]


def assert_same(run, twin):
    for name in ("last.ckpt", "best.ckpt"):
        a, b = (torch.load(folder / "checkpoints" / name, weights_only=True) for folder in (run, twin))
        assert a["global_step"] == b["global_step"]
        assert all(torch.equal(a["state_dict"][key], b["state_dict"][key]) for key in a["state_dict"])
        assert str(a["optimizer_states"]) == str(b["optimizer_states"])
    assert result(run) == result(twin)
    assert curves(run) == curves(twin)
    assert texts(run) == texts(twin)


def test_killed_twice_and_resumed(tmp_path):
    twin, run = tmp_path / "outputs" / "twin", tmp_path / "outputs" / "run"
    finished(tmp_path, *OPTIONS, f"hydra.run.dir={twin}")

    process = start(tmp_path, *OPTIONS, f"hydra.run.dir={run}")
    until_step(run, process, 400)
    process.send(signal.SIGKILL)
    process.ended()
    resume = "ckpt_path=outputs/run/checkpoints/last.ckpt"
    process = start(tmp_path, resume)
    until_step(run, process, 2200)
    time.sleep(0.05)  # into the next interval, so that points are written that must not be doubled
    process.send(signal.SIGKILL)
    process.ended()
    out = finished(tmp_path, resume)

    assert f"step {4000:>6}" in out
    assert_same(run, twin)
    losses = curves(run)["losses/generator"]
    assert [step for step, _ in losses] == list(range(50, 4001, 50))
    assert not [path for path in run.rglob("*") if path.name.endswith(".tmp")]

    # what is finished stays so: measured again, and nothing is written twice
    finished(tmp_path, resume)
    assert_same(run, twin)
    # and can go on
    finished(tmp_path, resume, "steps=4100")
    longer = tmp_path / "outputs" / "longer"
    finished(tmp_path, *OPTIONS, "steps=4100", f"hydra.run.dir={longer}")
    assert_same(run, longer)


def test_ctrl_c_keeps_the_last_checkpoint_and_says_how_to_go_on(tmp_path):
    run = tmp_path / "outputs" / "run"
    process = start(tmp_path, "steps=1000000", "evaluate_every=100", "evaluation.samples=500", f"hydra.run.dir={run}")
    until_step(run, process, 200)
    process.send(signal.SIGINT)
    done = process.ended(60)
    assert (done.returncode, done.stderr) == (130, "")
    command = done.stdout.splitlines()[-1].removeprefix("interrupted; go on with: ")
    assert command == f"python {ROOT / 'train.py'} ckpt_path=outputs/run/checkpoints/last.ckpt"
    assert not (run / "result.json").exists()
    step = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    out = finished(tmp_path, command.split()[-1], f"steps={step + 30}")
    assert f"step {step + 30:>6}" in out


def test_ctrl_c_before_the_first_evaluation(tmp_path):
    run = tmp_path / "run"
    process = start(tmp_path, "steps=1000000", "evaluate_every=1000000", f"hydra.run.dir={run}")
    deadline = time.monotonic() + 60
    log = run / "train.log"
    while not (log.exists() and "step" in log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send(signal.SIGINT)
    done = process.ended(60)
    assert done.returncode == 130
    assert (
        done.stdout.splitlines()[-1] == "interrupted before the first evaluation: there is no checkpoint to go on from"
    )
    # the folder is free again, and shows nothing of what was before
    finished(tmp_path, "steps=60", "evaluate_every=60", f"hydra.run.dir={run}")
    assert [step for step, _ in curves(run)["losses/generator"]] == [50, 60]


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
