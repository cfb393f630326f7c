"""The disk is full, read-only or gone: one line says which file, what was written stays, and a resume goes on."""

import io
import resource
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import torch

from patterngan import cli
from patterngan.reporting.history import history
from patterngan.storage import checkpoints
from patterngan.storage.results import read
from tests.faults.conftest import QUICK, SWEPT
from tests.faults.disks import Mounted
from tests.support.commands import ROOT, environment


def assert_told(done, disk, place, message):
    """One line that names a file, and nothing half made."""
    assert done.code == 2
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith(f"error: {disk.folder}/")
    assert place in done.err
    assert done.err.endswith(f": cannot be written or read ({message})\n")
    assert "Traceback" not in done.out + done.err
    assert not list(disk.folder.rglob("*.tmp"))


def assert_readable(folder):
    """What was written before is whole."""
    for file in folder.rglob("*.ckpt"):
        torch.load(file, weights_only=True)
    for file in folder.rglob("result.json"):
        read(file.parent)
    for run in {file.parent for file in folder.rglob("events.out.tfevents.*")}:
        points = history(run).curves.get("losses/generator", {})
        assert list(points) == [step for step in (10, 20, 30, 40) if step <= max(points, default=0)]


def assert_same(run, twin):
    """Bitwise the same weights, the same curves and the same result."""
    for name in ("last.ckpt", "best.ckpt"):
        ours, theirs = (checkpoints.read(folder / "checkpoints" / name) for folder in (run, twin))
        assert ours.step == theirs.step
        assert all(torch.equal(ours.weights[key], theirs.weights[key]) for key in theirs.weights)
    assert history(run).curves == history(twin).curves
    assert read(run)["status"] == "completed"
    assert read(run)["metrics"] == read(twin)["metrics"]


def going_on(out):
    """The printed command with which to go on."""
    (line,) = [line for line in out.splitlines() if line.startswith("interrupted; go on with: ")]
    return shlex.split(line.partition("go on with: python ")[2])[1:]


FULL = {
    "events": ("limited", "/events.out.tfevents.", "tfevents", 4),
    "best": ("limited", "/checkpoints/best.ckpt", "best.ckpt", 2),
    "last": ("mounted", "/checkpoints/last.ckpt", "last.ckpt", 4),
    "result": ("mounted", "/result.json", "result.json", 1),
}
"""File → disk, what the error names, and before which file is written how often the disk fills."""


@pytest.mark.parametrize("file", FULL)
def test_a_full_disk_while_a_run_trains(request, typed, writes, twins, file):
    kind, named, *moment = FULL[file]
    disk = request.getfixturevalue(kind)
    writes.before(*moment, disk.fill)
    run = disk.folder / "run"
    done = typed("train", *QUICK, f"hydra.run.dir={run}")
    disk.clear()
    assert_told(done, disk, named, disk.message)
    assert_readable(run)
    done = typed("train", *going_on(done.out))
    assert (done.code, done.err) == (0, "")
    assert_same(run, twins / "run")


def test_a_disk_that_is_full_before_a_run_starts(typed, disk):
    disk.fill()
    done = typed("train", *QUICK, f"hydra.run.dir={disk.folder}/run")
    disk.clear()
    assert done.code == 2
    assert done.err.endswith(f": cannot be written or read ({disk.message})\n")
    assert done.err.count("\n") == 1
    assert not (disk.folder / "run" / "checkpoints").exists()
    assert typed("train", *QUICK, f"hydra.run.dir={disk.folder}/run").code == 0  # the same command, once there is room


def test_a_disk_too_full_for_the_page(typed, disk, writes):
    writes.before("report.html", 1, disk.fill)
    run = disk.folder / "run"
    done = typed("train", *QUICK[:-1], f"hydra.run.dir={run}")
    disk.clear()
    assert_told(done, disk, "/report.html", disk.message)
    assert read(run)["status"] == "completed"


def test_a_disk_that_becomes_read_only_while_a_run_trains(typed, limited, writes, twins):
    writes.before("last.ckpt", 3, writes.refuse)
    run = limited.folder / "run"
    done = typed("train", *QUICK, f"hydra.run.dir={run}")
    writes.clear()
    assert_told(done, limited, "/checkpoints/last.ckpt", "Read-only file system")
    done = typed("train", *going_on(done.out))
    assert (done.code, done.err) == (0, "")
    assert_same(run, twins / "run")


def replaced(folder):
    shutil.rmtree(folder)
    folder.write_text("a file")


GONE = {
    "removed": (shutil.rmtree, "", "No such file or directory"),
    "a file": (replaced, "", "Not a directory"),
    "checkpoints a file": (replaced, "checkpoints", "Not a directory"),
}
"""Name → what happens, to which folder of the run, and the system's message."""


@pytest.mark.parametrize(("what", "logger"), [*((what, []) for what in GONE), ("removed", ["logger=none"])])
def test_a_folder_that_is_taken_away_while_a_run_trains(typed, tmp_path, writes, what, logger):
    change, within, message = GONE[what]
    run = tmp_path / "run"
    writes.before("last.ckpt", 3, lambda: change(run / within))
    done = typed("train", *QUICK, *logger, f"hydra.run.dir={run}")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"error: {run}/")
    assert done.err.endswith(f": cannot be written or read ({message})\n")
    assert "interrupted; go on with" not in done.out
    assert not (run / "checkpoints" / "last.ckpt").exists()  # it does not come back without what belongs to it


FULL_SWEEP = {
    "snapshot": ("mounted", "/checkpoints/best.ckpt", r"/\.fused/.*ckpt", 6),
    "members": ("limited", "/checkpoints/best.ckpt", "/2/checkpoints/", 1),
    "result": ("limited", "/1/result.json", "/1/.*result.json", 1),
    "table": ("limited", "/sweep.csv", "sweep.csv", 1),
}
"""As `FULL`, in a sweep."""


@pytest.mark.parametrize("file", FULL_SWEEP)
def test_a_full_disk_while_a_sweep_trains(request, typed, writes, twins, file):
    kind, named, *moment = FULL_SWEEP[file]
    disk = request.getfixturevalue(kind)
    writes.before(*moment, disk.fill)
    sweep = disk.folder / "sweep"
    line = ["-m", *QUICK, *SWEPT, f"hydra.sweep.dir={sweep}"]
    done = typed("train", *line)
    disk.clear()
    ended = [read(sweep / str(job)) for job in range(4) if (sweep / str(job) / "result.json").exists()]
    assert_told(done, disk, named, disk.message)
    assert_readable(sweep)
    assert {result["status"] for result in ended} <= {"completed"}
    assert len(ended) == {"result": 1, "table": 4}.get(file, 2)
    done = typed("train", *(line if file == "table" else going_on(done.out)))
    assert (done.code, done.err) == (0, "")
    for job in range(4):
        assert_same(sweep / str(job), twins / "sweep" / str(job))


def test_a_sweeps_folder_that_is_taken_away(typed, tmp_path, writes):
    writes.before(r"/\.fused/.*ckpt", 6, lambda: shutil.rmtree(tmp_path / "sweep"))
    done = typed("train", "-m", *QUICK, *SWEPT, "hydra.sweep.dir=sweep")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"error: {tmp_path}/sweep/.fused/")
    assert not (tmp_path / "sweep").exists()


SCRIPTS = {
    "export": ("generator.ts", ["--format", "torchscript"]),
    "report": ("report.html", []),
    "report film": ("training.gif", ["--animate"]),
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_a_full_disk_while_a_script_writes(typed, disk, writes, evens, what):
    name, arguments = SCRIPTS[what]
    run = disk.folder / "run"
    shutil.copytree(evens, run)
    written = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    writes.before(name, 1, disk.fill)
    done = typed(what.split()[0], str(run), *arguments)
    disk.clear()
    assert_told(done, disk, f"/{name}", disk.message)
    written.pop(run / "report.html")
    assert all(path.read_bytes() == content for path, content in written.items())


@pytest.mark.parametrize("script", ["generate", "evaluate"])
def test_no_room_for_what_is_printed(typed, evens, monkeypatch, script):
    typed(script, "--help")  # its folder is on the path now
    monkeypatch.setattr(sys, "argv", [script, str(evens)])
    said = io.StringIO()
    with (
        Path("/dev/full").open("w") as full,
        redirect_stdout(full),
        redirect_stderr(said),
        pytest.raises(SystemExit) as exit_,
    ):
        cli.script(__import__(script).main)
    assert exit_.value.code == 2
    assert said.getvalue() == "error: the output: cannot be written or read (No space left on device)\n"


def test_a_whole_process_ends_at_once_and_goes_on_when_there_is_room(disk, command, twins, tmp_path):
    run = disk.folder / "run"
    line = [sys.executable, str(ROOT / "train.py"), *QUICK, "steps=100000000", f"hydra.run.dir={run}"]
    process = subprocess.Popen(
        line, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (run / "checkpoints" / "last.ckpt").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    disk.fill() if isinstance(disk, Mounted) else resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
    out, err = process.communicate(timeout=60)
    disk.clear()
    assert process.returncode == 2
    assert err.startswith(f"error: {disk.folder}/run/")
    assert err.endswith(f": cannot be written or read ({disk.message})\n")
    assert err.count("\n") == 1
    step = checkpoints.read(run).step
    command("train.py", *going_on(out), f"steps={step + 10}")
    assert checkpoints.read(run).step == step + 10
