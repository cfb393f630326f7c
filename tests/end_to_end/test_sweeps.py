"""Fused sweeps from the command line, held against the same runs one by one."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from patterngan.reporting.events import folder_of_events
from patterngan.storage.files import LOCK, locked
from patterngan.sweeps.resuming import write_manifest
from tests.support.commands import ROOT, environment, train_in
from tests.support.kits import KITS, installed

QUICK = ["experiment=plain", "steps=60", "evaluate_every=30", "evaluation.samples=100"]
SWEPT = {"built-in": ["lr=1e-4,1e-3", "pattern.k=2,3", "seed=4"], "mylab": ["lr=1e-4,1e-3", "seed=1,2"]}


def sweep(typed, *arguments, code=0, folder="sweep"):
    done = typed("train", "-m", *QUICK, "~callbacks.pictures", *arguments, f"hydra.sweep.dir={folder}")
    assert done.code == code, done.err
    return done


def result(folder):
    return json.loads((folder / "result.json").read_text())


def curves(folder):
    events = EventAccumulator(str(folder_of_events(folder)), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}, events


@pytest.fixture(scope="module", params=KITS)
def both(request, shared):
    """A sweep of four runs of each kit, fused and one by one; that of the built-in kit has pages."""
    kit = KITS[request.param]
    with installed(request, kit):
        yield shared(f"sweeps-{kit.name}", lambda folder: train_both(folder, kit))


def train_both(folder, kit):
    options = [*QUICK, *kit.parts, *SWEPT[kit.name], *["~callbacks.pictures"] * (kit.name != "built-in")]
    for launcher in ("fused", "basic"):
        train_in(folder, "-m", *options, f"hydra/launcher={launcher}", f"hydra.sweep.dir={launcher}")


def test_fused_runs_leave_the_files_the_results_and_the_curves_of_runs_alone(both):
    for number in range(4):
        require_same_files(both / "fused" / str(number), both / "basic" / str(number))
        require_same_result(both / "fused" / str(number), both / "basic" / str(number))
    require_same_curves(both / "fused" / "3", both / "basic" / "3")
    assert not (both / "fused" / ".fused").exists()


@pytest.mark.parametrize("both", ["built-in"], indirect=True)
def test_fused_runs_and_runs_alone_have_the_same_settings_on_their_page(both):
    pages = [(both / launcher / "report.html").read_text() for launcher in ("fused", "basic")]
    legends = [re.findall(r'<span style="--mark: (.*?)">(.*?)</span>', page) for page in pages]
    assert len(legends[0]) == 4
    assert sorted(name for _, name in legends[0]) == sorted(name for _, name in legends[1])
    assert all(page.count("GAN step") >= 3 for page in pages)


def require_same_files(fused, basic):
    left, expected = (
        sorted(
            str(path.relative_to(folder)).partition("tfevents")[0]
            for path in folder.rglob("*")
            if path.is_file() and path.name != LOCK
        )
        for folder in (fused, basic)
    )
    assert left == expected
    for name in ("config.yaml", "overrides.yaml"):
        assert (fused / ".hydra" / name).read_text() == (basic / ".hydra" / name).read_text()
    logs = [
        [line.partition("] ")[2] for line in (folder / "train.log").read_text().splitlines()]
        for folder in (fused, basic)
    ]
    assert [line[:12] for line in logs[0]] == [line[:12] for line in logs[1]]


def require_same_result(fused, basic):
    ours, theirs = result(fused), result(basic)
    assert ours.keys() == theirs.keys()
    assert ours["metrics"].keys() == theirs["metrics"].keys()
    for key in ("status", "seed", "steps", "overrides", "error"):
        assert ours[key] == theirs[key]
    assert ours["metrics"]["tv"] == pytest.approx(theirs["metrics"]["tv"], abs=0.02)
    weights = [
        torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for folder in (fused, basic)
    ]
    for name in weights[1]:
        assert torch.allclose(weights[0][name], weights[1][name], atol=1e-4)


def require_same_curves(fused, basic):
    (ours, events), (theirs, expected) = curves(fused), curves(basic)
    assert ours.keys() == theirs.keys()
    for tag, points in theirs.items():
        assert [step for step, _ in ours[tag]] == [step for step, _ in points]
        values = [value for _, value in points]
        assert [value for _, value in ours[tag]] == pytest.approx(values, rel=0.05, abs=0.02)
    assert sorted(events.Tags()["tensors"]) == sorted(expected.Tags()["tensors"])
    for metadata in (events, expected):
        assert "_hparams_/session_start_info" in metadata.summary_metadata


def test_the_sweep_is_reported_alike_whoever_launched_it(both, typed, tmp_path):
    for launcher in ("fused", "basic"):
        assert len((both / launcher / "sweep.csv").read_text().splitlines()) == 5
        shutil.copytree(both / launcher, launcher)
        (tmp_path / launcher / "sweep.csv").unlink()
        done = typed("report", launcher)
        assert "runs validity coverage tv" in " ".join(done.out.splitlines()[1].split())
        assert len((tmp_path / launcher / "sweep.csv").read_text().splitlines()) == 5


def test_scripts_and_resuming_work_on_a_member(both, command, tmp_path):
    member = both / "fused" / "0"
    assert len(command("scripts/generate.py", str(member), "-n", "5").stdout.split()) == 5
    assert "validity" in command("scripts/evaluate.py", str(member), "--samples", "100").stdout
    command("scripts/export.py", str(member), "--output", str(tmp_path / "g.ts"))
    command("train.py", f"ckpt_path={member}", "steps=90", "hydra.run.dir=on")
    assert result(tmp_path / "on")["steps"] == 90


def test_what_cannot_be_fused_runs_alone_and_the_log_says_why(typed, tmp_path):
    done = sweep(typed, "seed=1,2", "+callbacks.timer._target_=pytorch_lightning.callbacks.Timer")
    assert "2 runs: alone 0-1 (callbacks.timer is for single runs)" in done.out
    done = sweep(typed, "steps=30,60", "seed=1,2", "head=relu", folder="other")
    assert "4 runs: fused 0-1 (2 members); fused 2-3 (2 members)" in done.out
    assert [result(tmp_path / "other" / str(number))["steps"] for number in range(4)] == [30, 30, 60, 60]


def test_a_run_that_diverges_and_one_that_is_impossible_fail_alone(typed, tmp_path):
    done = sweep(typed, "lr=1e-3,1e38", "pattern.k=0,2", "seed=1,2", code=1)
    assert done.err.splitlines()[-1] == "error: 6 of 8 runs failed; the table above says why"
    assert "failed    0-1, 4-5  pattern.k=0: must be an integer from 1 to 2^62" in done.out
    assert "diverged  6-7       diverged: a loss or a weight was not finite at step" in done.out
    statuses = [result(tmp_path / "sweep" / str(number))["status"] for number in range(8)]
    assert statuses == ["failed", "failed", "completed", "completed", "failed", "failed", "diverged", "diverged"]
    assert (tmp_path / "sweep" / "sweep.csv").exists()


PAIRS = ["lr=1e-4,1e-2,1e-3", "seed=1,2,3", "hydra.sweeper.zip=[[lr,seed]]"]
GAP = "hydra.sweeper.exclude=[{lr: 1e-2, seed: 2}]"


def test_keys_advance_together_and_combinations_are_left_out(typed, tmp_path):
    done = sweep(typed, *PAIRS, GAP, "hydra.sweeper.max_batch_size=1")
    assert done.out.startswith("2 runs: lr and seed advance together, 1 combination is left out\n")
    overrides = [result(tmp_path / "sweep" / str(number))["overrides"][-2:] for number in range(2)]
    assert overrides == [["lr=0.0001", "seed=1"], ["lr=0.001", "seed=3"]]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep").rglob("result.json")}
    sweep(typed, *PAIRS, GAP, "hydra/launcher=basic")  # which finds the same runs
    for others in (PAIRS, [*PAIRS[:2], GAP]):  # in which number 1 is another run
        done = sweep(typed, *others, code=2)
        assert "sweep/1: holds a run of another configuration (" in done.err.splitlines()[-1]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_fail_fast_ends_a_fused_sweep_and_the_same_command_goes_on(typed, tmp_path):
    line = ["lr=1e-3,1e38", "seed=1,2", "hydra.sweeper.fail_fast=true", "+trainer.enable_progress_bar=false"]
    done = sweep(typed, *line, code=1)
    last = done.err.splitlines()[-1]
    assert last.startswith("error: run 2 failed (diverged: a loss or a weight was not finite at step ")
    assert last.endswith("); 2 of 4 runs have ended")
    assert "unfinished  0-1" in done.out
    assert (tmp_path / "sweep" / "sweep.csv").exists()
    done = sweep(typed, *line, code=1)
    assert "4 runs: fused 0-1 (2 members); ended before 2-3" in done.out
    assert done.err.splitlines()[-1] == "error: 2 of 4 runs failed; the table above says why"
    assert [result(tmp_path / "sweep" / str(number))["status"] for number in range(4)] == ["completed"] * 2 + [
        "diverged"
    ] * 2
    assert not (tmp_path / "sweep" / ".fused").exists()


def test_fail_fast_ends_a_sweep_of_hydras_launcher_after_the_run_that_failed(typed, tmp_path):
    line = ["lr=1e38,1e-3", "hydra/launcher=basic", "hydra.sweeper.fail_fast=true", "hydra.sweeper.max_batch_size=2"]
    assert sweep(typed, *line, code=1).err.splitlines()[-1].endswith("); 1 of 2 runs have ended")
    assert not (tmp_path / "sweep" / "1").exists()
    sweep(typed, *line, code=1)
    assert result(tmp_path / "sweep" / "1")["status"] == "completed"


def test_with_fail_fast_an_impossible_run_ends_the_sweep_before_anything_trains(typed, tmp_path):
    done = sweep(typed, "pattern.k=2,0,3", "hydra.sweeper.fail_fast=true", code=1)
    assert done.err.splitlines()[-1] == (
        "error: run 1 failed (pattern.k=0: must be an integer from 1 to 2^62); 1 of 3 runs have ended"
    )
    assert [path.name for path in (tmp_path / "sweep").iterdir() if path.is_dir()] == ["1"]


def test_max_members_cuts_a_group(typed, tmp_path):
    done = sweep(typed, "seed=range(0,5)", "hydra.launcher.max_members=2")
    assert "group 3/3, 2 members" in done.out
    assert all(result(tmp_path / "sweep" / str(number))["status"] == "completed" for number in range(5))


@pytest.mark.parametrize(
    ("swept", "runs"),
    [("hydra/launcher=basic", 1), ("hydra.sweeper.params={seed: '1,2'}", 2)],
)
def test_a_single_run_for_another_launcher_and_keys_swept_by_the_config_are_sweeps(typed, tmp_path, swept, runs):
    sweep(typed, swept)
    assert len(list((tmp_path / "sweep").glob("*/result.json"))) == runs


def test_a_ray_address_where_no_ray_is_ends_in_one_line(typed, tmp_path):
    done = sweep(typed, "seed=1,2", "hydra.launcher.engine=ray", "hydra.launcher.address=127.0.0.1:9", code=2)
    assert done.err.splitlines()[-1].startswith("error: hydra.launcher.address=127.0.0.1:9: no Ray cluster answers")
    assert not (tmp_path / "sweep").exists()


def test_the_same_command_again_trains_nothing_and_another_is_refused(typed, tmp_path):
    sweep(typed, "seed=1,2")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.ckpt")}
    assert "2 runs: ended before 0-1" in sweep(typed, "seed=1,2").out
    assert "3 runs: alone 2 (the only run); ended before 0-1" in sweep(typed, "seed=1,2,3").out
    for other, launcher in ((["seed=1,2", "lr=1"], "fused"), (["seed=2,1"], "basic")):
        done = sweep(typed, *other, f"hydra/launcher={launcher}", code=2)
        assert "holds a run of another configuration" in done.err.splitlines()[-1]
    assert {path: path.read_bytes() for path in before} == before


def test_a_sweep_that_another_process_trains_is_refused(typed, tmp_path):
    (tmp_path / "sweep").mkdir()
    with locked(tmp_path / "sweep"):
        done = sweep(typed, "seed=1,2", code=2)
    assert done.err.splitlines()[-1].endswith("sweep: another process trains here")
    sweep(typed, "seed=1,2")


def test_a_group_that_breaks_takes_no_other_with_it(typed, tmp_path, monkeypatch):
    from patterngan.sweeps import engines

    train_piece = engines.train_piece

    def breaks(piece):
        if piece.jobs[0].settings["batch_size"] == 4:
            raise FileNotFoundError(2, "is not there", "/a/file")
        return train_piece(piece)

    monkeypatch.setattr(engines, "train_piece", breaks)
    done = sweep(typed, "seed=1,2", "batch_size=4,8", code=1)
    assert "failed  0, 2" in done.out
    assert "is not there" in done.out
    statuses = [result(tmp_path / "sweep" / str(number))["status"] for number in range(4)]
    assert statuses == ["failed", "completed", "failed", "completed"]


def test_a_population_is_put_together_again_unless_it_is_larger_than_wanted_now(typed, tmp_path):
    folders = [SimpleNamespace(folder=tmp_path / "sweep" / str(number)) for number in range(3)]
    for limit, groups in ((3, "group 1/1, 3 members"), (2, "group 2/2, ")):
        (tmp_path / "sweep").mkdir()
        write_manifest(tmp_path / "sweep" / ".fused" / "a.ckpt", folders)
        done = sweep(typed, "seed=1,2,3", f"hydra.launcher.max_members={limit}")
        assert groups in done.out
        assert not (tmp_path / "sweep" / ".fused").exists()
        shutil.rmtree(tmp_path / "sweep")


def test_hydras_own_values_can_be_used_in_a_sweep(typed, tmp_path):
    sweep(typed, "lr=1e-3,1e-4", "seed=${hydra:job.num}", "hydra.sweep.subdir='${lr}_${hydra:job.num}'")
    assert [result(tmp_path / "sweep" / name)["seed"] for name in ("0.001_0", "0.0001_1")] == [0, 1]


LONG = [
    *KITS["mylab"].parts,
    "seed=1,2",
    "lr=1e-3,1e-2",
    "steps=2000",
    "evaluate_every=50",
    "evaluation.samples=100",
    "optimizer.decay=linear",
    "update.ema=0.9",
    "~callbacks.pictures",
]


def test_ray_trains_pieces_and_a_killed_worker_is_retried(tmp_path, mylab):
    options = ["hydra.launcher.engine=ray", "hydra.launcher.max_members=2", "hydra.sweep.dir=sweep"]
    line = [sys.executable, str(ROOT / "train.py"), "-m", *LONG, *options]
    with subprocess.Popen(line, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        killed = kill_a_worker(process.pid, tmp_path / "sweep" / ".fused")
        out = process.communicate(timeout=200)[0]
    assert killed
    assert process.returncode == 0, out
    assert "2 of 2 groups done" in out
    for number in range(4):
        one = result(tmp_path / "sweep" / str(number))
        assert (one["status"], one["steps"]) == ("completed", 2000)
        steps = [step for step, _ in curves(tmp_path / "sweep" / str(number))[0]["metrics/tv"]]
        assert steps == list(range(0, 2001, 50))


def kill_a_worker(pid, snapshots):
    """Kills the Ray worker of a piece that has been evaluated once."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and psutil.pid_exists(pid):
        workers = [
            process
            for process in psutil.Process(pid).children(recursive=True)
            if "train_piece" in " ".join(process.cmdline())
        ]
        if workers and list(snapshots.glob("*.ckpt")):
            os.kill(workers[0].pid, signal.SIGKILL)
            return True
        time.sleep(0.05)
    return False
