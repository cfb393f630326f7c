"""The commands of the README, typed as they stand there, on small budgets."""

import csv
import io
import json
import shutil
import subprocess
import sys

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from patterngan.paths import CONF
from patterngan.reporting.events import folder_of_events
from patterngan.runs.loading import load_sampler
from patterngan.storage.checkpoints import read
from tests.support.commands import ROOT, environment, train_in
from tests.support.kits import KITS, installed
from tests.support.processes import Script

QUICK = ("experiment=plain", "steps=60", "evaluate_every=30", "evaluation.samples=200")
PLAIN = (*QUICK, "~callbacks.pictures")


def result(run):
    return json.loads((run / "result.json").read_text())


def only_run(folder):
    (file,) = folder.glob("outputs/*/*/result.json")
    return file.parent


def test_the_default_run_shows_its_progress_and_what_to_type_next(command, tmp_path):
    out = command("train.py", *QUICK).stdout
    lines = out.splitlines()
    run = only_run(tmp_path)
    shown = run.relative_to(tmp_path)
    assert lines.pop(1) == f"if it is stopped, go on with: python {ROOT / 'train.py'} ckpt_path={shown}"
    assert [line.split()[:2] for line in lines[:3]] == [["step", "0"], ["step", "30"], ["step", "60"]]
    for line in lines[:3]:
        assert "validity" in line
        assert "/64" in line
        assert "(floor 0." in line
        assert len(line.partition("→")[2].split()) == 10
    assert [line.split()[0] for line in lines[4:]] == [
        "result",
        "verdict",
        "generated",
        "folder",
        "report",
        "curves",
        "integers",
    ]
    assert f"folder     {shown}" in out
    assert f"tensorboard --logdir {shown}\n" in out
    assert f"python {ROOT / 'scripts' / 'generate.py'} {shown} -n 10" in out
    assert not (run / "hparams.yaml").exists()
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {
        "result.json",
        "train.log",
        ".hydra/overrides.yaml",
        "checkpoints/last.ckpt",
        "checkpoints/best.ckpt",
    } < names


def test_result_json_has_the_documented_fields(evens):
    content = result(evens)
    assert set(content) == {
        "status",
        "error",
        "seed",
        "steps",
        "wall_seconds",
        "share_seconds",
        "ended",
        "metrics",
        "overrides",
    }
    assert (content["status"], content["error"], content["seed"], content["steps"]) == ("completed", None, 0, 500)
    assert content["overrides"] == ["experiment=even_numbers"]
    documented = {"validity", "coverage", "modes", "support", "tv", "tv_floor", "kl", "entropy"}
    assert documented < set(content["metrics"])
    assert content["metrics"]["exact"] is True


@pytest.mark.parametrize(
    ("overrides", "support"),
    [
        (["encoding=onehot", "pattern.k=5"], 20),
        (["encoding=digits", "encoding.capacity=1000", "pattern.k=7"], 143),
        (["experiment=multiples_of_five"], 10),
        (["experiment=odd_numbers"], 64),
        (["encoding.capacity=100", "pattern.k=7"], 15),
        (["encoding.capacity=1099511627776"], 2**39),
        (["steps=1", "evaluate_every=1", "batch_size=1"], 64),
        (["steps=77", "evaluate_every=50", "architecture=linear", "update=alternating", "noise=bits"], 64),
        (["data.sampling=permutation", "batch_size=7", "head=relu"], 64),
    ],
)
def test_every_choice_trains(run, tmp_path, overrides, support):
    run(*PLAIN, *overrides)
    assert result(tmp_path)["metrics"]["support"] == support
    steps = [int(key.partition("=")[2]) for key in (*PLAIN, *overrides) if key.startswith("steps=")][-1]
    assert result(tmp_path)["steps"] == steps
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == steps


def test_fifty_thousand_of_155_million_are_shown(run, tmp_path):
    large = ["pattern=cardinality", "pattern.bits=30", "pattern.ones=15", f"encoding.capacity={2**30}"]
    run(*PLAIN, *large, "pattern.shown=50000", "data.sampling=permutation", "batch_size=500")
    metrics = result(tmp_path)["metrics"]
    assert metrics["support"] == 155_117_520
    assert 0 < metrics["unseen_coverage"] <= metrics["samples"] / (155_117_520 - 50_000)
    assert 0 < metrics["rate"] <= metrics["validity"] + 1e-12
    assert metrics["fidelity"] == pytest.approx(metrics["rate"] / (metrics["rate"] + 1 - metrics["validity"]))


def test_odd_numbers_are_odd(run, tmp_path):
    run("experiment=odd_numbers", "steps=1500", "evaluate_every=1500", "~callbacks.pictures")
    assert result(tmp_path)["metrics"]["validity"] > 0.8


def test_a_sweep_gives_every_run_its_own_folder_curves_and_result(typed, tmp_path):
    assert typed("train", "lr=1e-4,1e-3", "-m", "pattern.k=2,3", *PLAIN).code == 0
    runs = sorted(path.parent for path in tmp_path.glob("outputs/multirun/*/*/*/result.json"))
    assert len(runs) == 4
    points = set()
    for run in runs:
        points.add(tuple(result(run)["overrides"][:2]))
        events = EventAccumulator(str(folder_of_events(run))).Reload()
        assert [event.step for event in events.Scalars("metrics/tv")] == [0, 30, 60]
        assert (run / "checkpoints" / "last.ckpt").is_file()
    assert points == {(f"lr={lr}", f"pattern.k={k}") for lr in ("0.0001", "0.001") for k in (2, 3)}


def test_a_wrong_run_of_a_sweep_fails_alone(typed, tmp_path):
    done = typed("train", "-m", "pattern.k=0,2", *PLAIN)
    assert done.code == 1
    assert done.err.splitlines()[-1] == "error: 1 of 2 runs failed; the table above says why"
    assert "failed  0     pattern.k=0: must be an integer from 1 to 2^62" in done.out
    failed, completed = (result(path.parent) for path in sorted(tmp_path.glob("outputs/multirun/*/*/*/result.json")))
    assert (failed["status"], failed["error"]) == ("failed", "pattern.k=0: must be an integer from 1 to 2^62")
    assert completed["status"] == "completed"


@pytest.mark.parametrize("steps", [1, 300])
def test_a_run_that_diverges_says_so_and_when(typed, tmp_path, steps):
    done = typed("train", *PLAIN, "lr=1e38", f"steps={steps}", "evaluate_every=1", "hydra.run.dir=run")
    assert done.code == 1
    assert done.err.endswith("error: diverged: a loss or a weight was not finite at step 1; a smaller lr may help\n")
    ended = result(tmp_path / "run")
    assert (ended["status"], ended["steps"]) == ("diverged", 1)
    assert read(tmp_path / "run").step == 0


@pytest.mark.parametrize("group", ["logger", "callbacks"])
def test_what_watches_a_run_can_be_switched_off(typed, tmp_path, group):
    done = typed("train", *QUICK, f"{group}=null", "hydra.run.dir=run")
    assert done.code == 0, done.err
    assert not any((tmp_path / "run").rglob("events*"))  # without callbacks there is nothing to write into one
    assert (group == "callbacks") is not any((tmp_path / "run").glob("checkpoints/*"))


def test_a_run_that_hydra_moves_into_its_folder_writes_nowhere_else(typed, tmp_path):
    assert typed("train", *PLAIN, "hydra.job.chdir=true", "hydra.run.dir=run").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert not (tmp_path / "run" / "run").exists()
    assert any((tmp_path / "run").rglob("events.*"))


def test_a_bar_counts_gan_steps_in_a_terminal(tmp_path):
    done = Script("train.py", list(PLAIN), tmp_path, environment() | {"FORCE_COLOR": "1"}).ended()
    assert "steps/s" in done.stdout
    assert "/60" in done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["experiment=multiples_of_five", "--cfg", "job"]])
def test_help_and_config_do_not_load_torch(command, arguments):
    loaded = "import runpy, sys; sys.argv = sys.argv[1:]\ntry:\n runpy.run_path(sys.argv[0], run_name='__main__')\n"
    loaded += "finally: assert not {'torch', 'pytorch_lightning', 'tensorboard'} & set(sys.modules)"
    line = [sys.executable, "-c", loaded, str(ROOT / "train.py"), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stderr
    for word in ("pattern:", "lr", "evaluate_every"):
        assert word in done.stdout


def test_help_is_a_screenful(typed):
    done = typed("train", "--help")
    assert (done.code, done.err, done.made) == (0, "", [])
    assert len(done.out.splitlines()) <= 45
    for option in CONF.glob("*/*.yaml"):
        assert f"\n{option.parent.name}: " in done.out
        assert option.stem in done.out


ANSWERS = {
    "--hydra-help": "== Flags ==",
    "--version": "Hydra 1.",
    "--cfg hydra": "  job_logging:",
    "--cfg job --resolve": "  stop: 128",
    "--cfg job --package pattern pattern=primes": "_target_: patterngan.data.patterns.primes",
    "--info plugins": "GridSweeper",
    "encoding=onehot --info defaults": "| encoding/onehot ",
    "-sc install=bash": "-F hydra_bash_completion python",
}


@pytest.mark.parametrize("flags", ANSWERS)
def test_what_a_user_asks_is_answered_and_nothing_is_written(typed, flags):
    done = typed("train", *flags.split())
    assert (done.code, done.err, done.made) == (0, "", [])
    assert ANSWERS[flags] in done.out


def test_a_reader_of_the_config_that_has_seen_enough_is_no_error(tmp_path):
    line = f"{sys.executable} {ROOT / 'train.py'} --cfg all | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("0\n", "")


OFFERED = {
    "enc": "encoding. encoding=",
    "encoding=": "encoding=binary encoding=digits encoding=onehot",
    "pattern=primes pattern.h": "pattern.holdout= pattern.holdout_seed=",
    "nothing": "",
}


@pytest.mark.parametrize("words", OFFERED)
def test_shell_completion(typed, monkeypatch, words):
    line = f"python train.py {words}"
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    done = typed("train", "-sc", "query=bash")
    assert (done.out.strip(), done.err) == (OFFERED[words], "")


@pytest.fixture(scope="module", params=KITS)
def trained(request, shared):
    """A finished run of each kit; the scripts can load its package while a test uses it."""
    kit = KITS[request.param]
    line = [*PLAIN, *kit.parts, f"optimizer={kit.optimizer}"]
    with installed(request, kit):
        yield shared(f"run-{kit.name}", lambda folder: train_in(folder, *line, f"hydra.run.dir={folder}"))


def test_generate_in_every_format_and_repeatably(typed, trained):
    options = ("-n", "10", "--seed", "3")
    text = typed("generate", str(trained), *options).out
    integers = [int(word) for word in text.split()]
    assert len(integers) == 10
    assert all(0 <= n < 128 for n in integers)
    assert typed("generate", str(trained / "checkpoints" / "last.ckpt"), *options).out == text
    assert json.loads(typed("generate", str(trained), *options, "--format", "json").out) == integers
    table = typed("generate", str(trained), *options, "--format", "csv").out
    assert [int(row["integer"]) for row in csv.DictReader(io.StringIO(table))] == integers
    assert len({typed("generate", str(trained), "-n", "50").out for _ in range(2)}) == 2


def test_a_reader_that_has_seen_enough_is_no_error(evens):
    line = f"{sys.executable} {ROOT / 'scripts' / 'generate.py'} {evens} -n 100000 --format csv | head -2"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("integer\n")


def test_evaluate_gives_the_metrics_of_the_run_again(typed, trained):
    metrics = json.loads(typed("evaluate", str(trained), "--format", "json").out)
    assert metrics == result(trained)["metrics"]
    assert f"modes           {metrics['modes']}\n" in typed("evaluate", str(trained)).out


LOAD = """
import sys
sys.modules["patterngan"] = None  # an import would fail
import onnxruntime, torch

def onnx(file):
    session = onnxruntime.InferenceSession(file)
    return lambda noise: torch.from_numpy(session.run(["integers"], {"noise": noise.numpy()})[0])

load = {"torchscript": torch.jit.load, "torch_export": lambda file: torch.export.load(file).module(), "onnx": onnx}
noise = torch.load("noise.pt")
for kind in sys.argv[1:]:
    sample = load[kind](f"generator.{kind}")
    assert kind != "torchscript" or sample.generate(7).shape == (7,)
    assert sample(noise[:1]).shape == (1,)
    print(*sample(noise).tolist())
"""


@pytest.mark.parametrize(
    ("trained", "kinds"),
    [("built-in", ("torchscript", "torch_export", "onnx")), ("mylab", ("torchscript",))],
    indirect=["trained"],
)
def test_an_export_needs_no_patterngan(command, trained, tmp_path, kinds):
    for kind in kinds:
        done = command("scripts/export.py", str(trained), "--format", kind, "-o", str(tmp_path / f"generator.{kind}"))
        assert (done.stdout, done.stderr) == (f"generator.{kind}\n", "")
    noise = torch.randn(100, load_sampler(trained).noise.dim)
    torch.save(noise, tmp_path / "noise.pt")
    line = [sys.executable, "-c", LOAD, *kinds]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = " ".join(map(str, load_sampler(trained)(noise).tolist()))
    assert done.stdout.splitlines() == [expected] * len(kinds)


def test_the_formats_offered_are_those_there_are(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from export import FORMATS as OFFERED

    from patterngan.runs.export import FORMATS

    assert set(OFFERED) == set(FORMATS)


def test_an_export_lands_in_the_run_folder(typed, evens, tmp_path):
    shutil.copytree(evens, tmp_path, dirs_exist_ok=True)
    done = typed("export", str(tmp_path), "--format", "torch_export")
    assert (done.code, done.out) == (0, "generator.pt2\n")
    assert (tmp_path / "generator.pt2").is_file()


def test_figures_are_drawn_of_runs_and_sweeps(typed, evens, tmp_path):
    assert typed("figures", "distribution", str(evens), "--samples", "500", "-o", "laws.png").out == "laws.png\n"
    assert typed("figures", "d_scores", str(evens), "--samples", "500").out == "d_scores.png\n"
    few = ["experiment=dirac", "steps=5", "objective=nonsaturating,wasserstein", "penalty=none,r1"]
    assert typed("train", "-m", *few, "hydra.sweep.dir=sweep").code == 0
    assert typed("figures", "dirac", "sweep").out == "dirac.png\n"
    done = typed("figures", "heatmap", "sweep", "--rows", "penalty", "--columns", "objective", "-o", "map.png")
    assert done.out == "map.png\n"
    for name in ("laws.png", "d_scores.png", "dirac.png", "map.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    done = typed("figures", "heatmap", "sweep", "--rows", "head", "--columns", "objective")
    assert (done.code, done.err) == (2, "error: sweep: head was not swept; swept were objective, penalty\n")
    done = typed("figures", "dirac", str(tmp_path / "nothing"))
    assert done.code == 2
