"""The disk is full, read-only or gone: one line says which file, what was written stays, and a resume goes on.

A small file system of its own stands for the disk where one can be mounted. Elsewhere it is a limit to the size of
files, which the system reports at the same places.
"""

import contextlib
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
from patterngan.population import training as populations
from patterngan.population.snapshots import Snapshots
from patterngan.reporting import run as reporting
from patterngan.reporting import sweep_page as page
from patterngan.reporting.events import EventFile
from patterngan.reporting.history import history
from patterngan.storage import checkpoints
from patterngan.storage.logs import LogFile
from patterngan.storage.results import Result, read
from patterngan.training.checkpointing import AtEvaluations, AtomicCheckpointIO
from tests.support.commands import ROOT, environment

QUICK = ["experiment=even_numbers", "seed=1", "steps=40", "evaluate_every=10", "update.ema=0.9", "~callbacks.pictures"]


class Mounted:
    """A file system of a few hundred kilobytes."""

    says = "No space left on device"

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        with (self.folder / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def clear(self):
        (self.folder / "ballast").unlink(missing_ok=True)

    def lock(self):
        assert mount(self.folder, "remount", "ro")

    def unlock(self):
        assert mount(self.folder, "remount", "rw")


class Limited:
    """A limit to the size of this process's files."""

    says = "File too large"

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def clear(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def mount(folder, *options):
    line = ["mount", "-t", "tmpfs", "-o", ",".join(["size=2m", *options]), "none", str(folder)]
    return shutil.which("mount") is not None and subprocess.run(line, capture_output=True).returncode == 0


@pytest.fixture
def mounted(tmp_path):
    (tmp_path / "disk").mkdir()
    if not mount(tmp_path / "disk"):
        pytest.skip("this machine lets no test mount a file system")
    yield Mounted(tmp_path / "disk")
    subprocess.run(["umount", str(tmp_path / "disk")], check=True)


@pytest.fixture
def limited(tmp_path):
    (tmp_path / "disk").mkdir()
    yield Limited(tmp_path / "disk")
    Limited(tmp_path).clear()


@pytest.fixture
def disk(request):
    """A disk that can be filled: of its own where that is possible."""
    try:
        return request.getfixturevalue("mounted")
    except pytest.skip.Exception:
        return request.getfixturevalue("limited")


@pytest.fixture
def before(monkeypatch):
    """Does something once, before a function is called for the nth time."""

    def arranged(owner, name, count, action):
        original, calls = getattr(owner, name), []

        def counting(*arguments, **named):
            calls.append(name)
            if len(calls) == count:
                action()
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, counting)

    return arranged


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """What nothing happened to: a run and a sweep."""
    folder = tmp_path_factory.mktemp("twins")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.syspath_prepend(str(ROOT))
        for line in ([*QUICK, "hydra.run.dir=run"], ["-m", *QUICK, *SWEPT, "hydra.sweep.dir=sweep"]):
            patched.setattr(sys, "argv", ["train.py", *line])
            with redirect_stdout(None):
                cli.run(__import__("train").main)
    return folder


SWEPT = ["batch_size=8,16", "lr=1e-3,1e-2"]
"""Two populations of two members."""


def assert_told(done, disk, place, says):
    """One line that names a file, and nothing half made."""
    assert done.code == 2
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith(f"error: {disk.folder}/")
    assert place in done.err
    assert done.err.endswith(f": cannot be written or read ({says})\n")
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


TROUBLES = {
    "events": ("limited", "/events.out.tfevents.", EventFile, "flush", 8),
    "log": ("limited", "/train.log", LogFile, "emit", 4),
    "best": ("limited", "/checkpoints/best.ckpt", AtEvaluations, "on_train_epoch_end", 4),
    "last": ("mounted", "/checkpoints/last.ckpt", AtomicCheckpointIO, "save_checkpoint", 4),
    "result": ("mounted", "/result.json", Result, "write", 1),
}
"""Where a disk is full → which disk, what the error names, and what is about to be called how often when it fills."""


@pytest.mark.parametrize("place", TROUBLES)
def test_a_full_disk_while_a_run_trains(request, typed, before, twins, place):
    kind, named, *moment = TROUBLES[place]
    disk = request.getfixturevalue(kind)
    before(*moment, disk.fill)
    run = disk.folder / "run"
    done = typed("train", *QUICK, f"hydra.run.dir={run}")
    disk.clear()
    assert_told(done, disk, named, disk.says)
    assert_readable(run)
    done = typed("train", *going_on(done.out))
    assert (done.code, done.err) == (0, "")
    assert_same(run, twins / "run")


def test_a_disk_that_is_full_before_a_run_starts(typed, disk):
    disk.fill()
    done = typed("train", *QUICK, f"hydra.run.dir={disk.folder}/run")
    disk.clear()
    assert (done.code, done.err) == (2, f"error: hydra.run.dir={disk.folder}/run: cannot be written ({disk.says})\n")
    assert not (disk.folder / "run").exists()


def test_a_disk_too_full_for_the_page(typed, disk, before):
    before(reporting, "write_run_page", 1, disk.fill)
    run = disk.folder / "run"
    done = typed("train", *QUICK[:-1], f"hydra.run.dir={run}")
    disk.clear()
    assert_told(done, disk, "/report.html", disk.says)
    assert read(run)["status"] == "completed"


def test_a_disk_that_is_read_only_while_a_run_trains(typed, mounted, before, twins):
    before(AtEvaluations, "on_train_epoch_end", 3, mounted.lock)
    run = mounted.folder / "run"
    done = typed("train", *QUICK, f"hydra.run.dir={run}")
    mounted.unlock()
    assert_told(done, mounted, "/checkpoints/last.ckpt", "Read-only file system")
    done = typed("train", *going_on(done.out))
    assert (done.code, done.err) == (0, "")
    assert_same(run, twins / "run")


def replaced(folder):
    shutil.rmtree(folder)
    folder.write_text("a file")


GONE = {
    "removed": (shutil.rmtree, "", "No such file or directory"),
    "a file": (replaced, "", "Not a directory"),
    "checkpoints a file": (replaced, "checkpoints", "File exists"),
}
"""What becomes of a folder → how, which in the run's, and what the system says."""


@pytest.mark.parametrize(("what", "logger"), [*((what, []) for what in GONE), ("removed", ["logger=null"])])
def test_a_folder_that_is_taken_away_while_a_run_trains(typed, tmp_path, before, what, logger):
    change, within, says = GONE[what]
    run = tmp_path / "run"
    before(AtEvaluations, "on_train_epoch_end", 2, lambda: change(run / within))
    done = typed("train", *QUICK, *logger, f"hydra.run.dir={run}")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"error: {run}/")
    assert done.err.endswith(f": cannot be written or read ({says})\n")
    assert "interrupted; go on with" not in done.out
    assert not (run / "checkpoints" / "last.ckpt").exists()  # it does not come back without what belongs to it


SWEEP_TROUBLES = {
    "snapshot": ("mounted", "/checkpoints/best.ckpt", Snapshots, "write", 6),
    "members": ("limited", "/checkpoints/best.ckpt", populations, "scatter", 2),
    "result": ("limited", "/1/result.json", Result, "write", 2),
    "table": ("limited", "/sweep.csv", page, "report", 1),
}
"""As `TROUBLES`, in a sweep."""


@pytest.mark.parametrize("place", SWEEP_TROUBLES)
def test_a_full_disk_while_a_sweep_trains(request, typed, before, twins, place):
    kind, named, *moment = SWEEP_TROUBLES[place]
    disk = request.getfixturevalue(kind)
    before(*moment, disk.fill)
    sweep = disk.folder / "sweep"
    line = ["-m", *QUICK, *SWEPT, f"hydra.sweep.dir={sweep}"]
    done = typed("train", *line)
    disk.clear()
    ended = [read(sweep / str(job)) for job in range(4) if (sweep / str(job) / "result.json").exists()]
    assert_told(done, disk, named, disk.says)
    assert_readable(sweep)
    assert {result["status"] for result in ended} <= {"completed"}
    assert len(ended) == {"result": 1, "table": 4}.get(place, 2)
    done = typed("train", *(line if place == "table" else going_on(done.out)))
    assert (done.code, done.err) == (0, "")
    for job in range(4):
        assert_same(sweep / str(job), twins / "sweep" / str(job))


def test_a_sweeps_folder_that_is_taken_away(typed, tmp_path, before):
    before(Snapshots, "write", 6, lambda: shutil.rmtree(tmp_path / "sweep"))
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
def test_a_full_disk_while_a_script_writes(typed, disk, before, evens, what):
    name, arguments = SCRIPTS[what]
    run = disk.folder / "run"
    shutil.copytree(evens, run)
    written = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    before(reporting if what == "report film" else cli, "film" if what == "report film" else "script", 1, disk.fill)
    done = typed(what.split()[0], str(run), *arguments)
    disk.clear()
    assert_told(done, disk, f"/{name}", disk.says)
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
    assert said.getvalue() == "error: standard output: cannot be written or read (No space left on device)\n"


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
    assert err.endswith(f": cannot be written or read ({disk.says})\n")
    assert err.count("\n") == 1
    step = checkpoints.read(run).step
    command("train.py", *going_on(out), f"steps={step + 10}")
    assert checkpoints.read(run).step == step + 10
