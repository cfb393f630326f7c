"""The commands of the README, typed as they stand there, on small budgets."""

import csv
import io
import json
import subprocess
import sys

import pytest
import torch
from processes import Script
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from patterngan import CONF
from patterngan.reporting.tags import folder_of_events
from patterngan.storage.checkpoints import read
from tests.support.commands import ROOT, environment

QUICK = ("experiment=plain", "steps=60", "evaluate_every=30", "evaluation.samples=200")


def result(run):
    return json.loads((run / "result.json").read_text())


def only_run(folder):
    (found,) = folder.glob("outputs/*/*/result.json")
    return found.parent


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
    assert [line.split()[0] for line in lines[4:]] == ["result", "generated", "folder", "report", "curves", "integers"]
    assert f"folder     {shown}" in out
    assert "tensorboard --logdir outputs" in out
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
    found = result(evens)
    assert set(found) == {"status", "error", "seed", "steps", "wall_seconds", "metrics", "overrides"}
    assert (found["status"], found["error"], found["seed"], found["steps"]) == ("completed", None, 0, 500)
    assert found["overrides"] == ["experiment=even_numbers"]
    documented = {"validity", "coverage", "modes", "support", "tv", "tv_floor", "kl", "entropy"}
    assert documented < set(found["metrics"])
    assert found["metrics"]["exact"] is True


@pytest.mark.parametrize(
    ("overrides", "support"),
    [
        (["encoding=onehot", "pattern.k=5"], 20),
        (["experiment=multiples_of_five"], 10),
        (["experiment=multiples_of_three"], 10),
        (["experiment=multiples_of_seven"], 10),
        (["experiment=odd_numbers"], 64),
        (["pattern.k=2", "pattern.residue=1"], 64),
        (["encoding.capacity=100", "pattern.k=7"], 15),
        (["encoding.capacity=1099511627776"], 2**39),
        (["steps=1", "evaluate_every=1", "batch_size=1"], 64),
        (["steps=77", "evaluate_every=50", "architecture=linear", "update=alternating", "noise=bits"], 64),
        (["data.sampling=permutation", "batch_size=7", "head=relu"], 64),
    ],
)
def test_every_choice_trains(run, tmp_path, overrides, support):
    run(*QUICK, *overrides)
    found = result(tmp_path)
    assert found["metrics"]["support"] == support
    steps = [int(key.partition("=")[2]) for key in (*QUICK, *overrides) if key.startswith("steps=")][-1]
    assert found["steps"] == steps
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == steps


def test_odd_numbers_are_odd(run, tmp_path):
    run("experiment=odd_numbers", "steps=1500", "evaluate_every=1500")
    assert result(tmp_path)["metrics"]["validity"] > 0.8


def test_a_sweep_gives_every_run_its_own_folder_curves_and_result(command, tmp_path):
    command("train.py", "lr=1e-4,1e-3", "-m", "pattern.k=2,3", *QUICK)
    runs = sorted(path.parent for path in tmp_path.glob("outputs/multirun/*/*/*/result.json"))
    assert len(runs) == 4
    points = set()
    for run in runs:
        points.add(tuple(result(run)["overrides"][:2]))
        events = EventAccumulator(str(folder_of_events(run))).Reload()
        assert [event.step for event in events.Scalars("metrics/tv")] == [0, 30, 60]
        assert (run / "checkpoints" / "last.ckpt").is_file()
    assert points == {(f"lr={lr}", f"pattern.k={k}") for lr in ("0.0001", "0.001") for k in (2, 3)}


def test_a_wrong_run_of_a_sweep_fails_alone(command, tmp_path):
    done = command("train.py", "-m", "pattern.k=0,2", *QUICK, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: 1 of 2 runs failed; the table above says why"
    assert "failed  0     pattern.k=0: must be an integer from 1 to 2^62" in done.stdout
    failed, completed = (result(path.parent) for path in sorted(tmp_path.glob("outputs/multirun/*/*/*/result.json")))
    assert (failed["status"], failed["error"]) == ("failed", "pattern.k=0: must be an integer from 1 to 2^62")
    assert completed["status"] == "completed"


@pytest.mark.parametrize("steps", [1, 300])
def test_a_run_that_diverges_says_so_and_when(typed, tmp_path, steps):
    done = typed("train", "lr=1e38", f"steps={steps}", "evaluate_every=1", "hydra.run.dir=run")
    assert done.code == 1
    assert done.err.endswith("error: diverged: a loss or a weight was not finite at step 1; a smaller lr may help\n")
    found = result(tmp_path / "run")
    assert (found["status"], found["steps"]) == ("diverged", 1)
    assert read(tmp_path / "run").step == 0


@pytest.mark.parametrize("without", ["logger", "callbacks"])
def test_what_hydras_users_switch_off_with_null(typed, tmp_path, without):
    done = typed("train", *QUICK, f"{without}=null", "experiment=null", "hydra.run.dir=run")
    assert done.code == 0, done.err
    assert not any((tmp_path / "run").glob("events*"))  # without callbacks there is nothing to write into one
    assert (without == "callbacks") is not any((tmp_path / "run").glob("checkpoints/*"))


def test_a_bar_counts_gan_steps_in_a_terminal(tmp_path):
    done = Script("train.py", list(QUICK), tmp_path, environment() | {"FORCE_COLOR": "1"}).ended()
    assert "steps/s" in done.stdout
    assert "/60" in done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["--cfg", "job"], ["experiment=multiples_of_five", "--cfg", "job"]])
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


ASKED = {
    "--help": "== Keys: override with key=value ==",
    "--hydra-help": "== Flags ==",
    "--version": "Hydra 1.",
    "--cfg job": "pattern:\n  _target_: patterngan.data.patterns.Multiples",
    "--cfg hydra": "  job_logging:",
    "--cfg all": "  job_logging:",
    "--cfg job --resolve": "  stop: 128",
    "--cfg job --package pattern pattern=primes": "_target_: patterngan.data.patterns.primes",
    "encoding=onehot --cfg job pattern.k=5": "  _target_: patterngan.data.encodings.OneHot\n  capacity: 100",
    "--info": "Installed Hydra Plugins",
    "--info all": "Installed Hydra Plugins",
    "--info config": "encoding:\n  _target_: patterngan.data.encodings.Binary",
    "--info defaults": "| encoding/binary ",
    "encoding=onehot --info defaults": "| encoding/onehot ",
    "--info defaults-tree": "encoding: binary",
    "--info plugins": "GridSweeper",
    "--info searchpath": f"file://{CONF}",
    "-sc install=bash": "-F hydra_bash_completion python",
    "-sc uninstall=bash": "unset hydra_bash_completion",
}


@pytest.mark.parametrize("flags", ASKED)
def test_what_a_user_asks_is_told_and_nothing_is_written(command, tmp_path, flags):
    done = command("train.py", *flags.split())
    assert ASKED[flags] in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_reader_of_the_config_that_has_seen_enough_is_no_error(tmp_path):
    line = f"{sys.executable} {ROOT / 'train.py'} --cfg all | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("0\n", "")


OFFERED = {
    "enc": "encoding. encoding=",
    "encoding=": "encoding=binary encoding=onehot",
    "encoding=o": "encoding=onehot",
    "pattern.": "pattern._target_= pattern.holdout= pattern.k= pattern.residue= pattern.stop=",
    "pattern=primes pattern.h": "pattern.holdout=",
    "-m 'seed=range(0,3)' enc": "encoding. encoding=",
    "logger=null callbacks=null enc": "encoding. encoding=",
    "enc| pattern.k=3": "encoding. encoding=",
    "patern.k=3 enc": "encoding=",
    "pattern.k=[ enc": "",
    "--cfg": "",
    "nothing": "",
}
"""What a shell is told where the cursor is at the end, or at the bar."""


@pytest.mark.parametrize("typed", OFFERED)
def test_shell_completion(typed, tmp_path):
    before, _, after = f"python train.py {typed}".partition("|")
    env = environment() | {"COMP_LINE": before + after, "COMP_POINT": str(len(before))}
    done = Script("train.py", ["-sc", "query=bash"], tmp_path, env).ended()
    assert (done.stdout.strip(), done.stderr) == (OFFERED[typed], "")


def test_generate_in_every_format_and_repeatably(command, evens):
    text = command("scripts/generate.py", str(evens), "-n", "10", "--seed", "3").stdout
    integers = [int(word) for word in text.split()]
    assert len(integers) == 10
    again = command("scripts/generate.py", str(evens / "checkpoints" / "last.ckpt"), "-n", "10", "--seed", "3")
    assert again.stdout == text
    found = command("scripts/generate.py", str(evens), "-n", "10", "--seed", "3", "--format", "json").stdout
    assert json.loads(found) == integers
    table = command("scripts/generate.py", str(evens), "-n", "10", "--seed", "3", "--format", "csv").stdout
    assert [int(row["integer"]) for row in csv.DictReader(io.StringIO(table))] == integers
    assert all(0 <= n < 128 for n in integers)
    different = {command("scripts/generate.py", str(evens), "-n", "50").stdout for _ in range(2)}
    assert len(different) == 2


def test_a_reader_that_has_seen_enough_is_no_error(evens):
    line = f"{sys.executable} {ROOT / 'scripts' / 'generate.py'} {evens} -n 100000 --format csv | head -2"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("integer\n")


def test_evaluate_gives_the_metrics_of_the_run_again(command, evens):
    found = json.loads(command("scripts/evaluate.py", str(evens), "--format", "json").stdout)
    assert found == result(evens)["metrics"]
    text = command("scripts/evaluate.py", str(evens)).stdout
    assert f"modes           {found['modes']}\n" in text


LOAD = {
    "torchscript": """
import torch
loaded = torch.jit.load(path)
assert loaded.generate(7).shape == (7,)
sample = loaded""",
    "torch_export": """
import torch
sample = torch.export.load(path).module()""",
    "onnx": """
import onnxruntime, torch
session = onnxruntime.InferenceSession(path)
sample = lambda noise: torch.from_numpy(session.run(["integers"], {"noise": noise.numpy()})[0])""",
}


@pytest.mark.parametrize("format", LOAD)
def test_an_export_needs_no_patterngan(command, evens, tmp_path, format):
    file = tmp_path / "generator"
    out = command("scripts/export.py", str(evens), "--format", format, "-o", str(file))
    assert out.stdout == "generator\n"
    assert out.stderr == ""
    noise = tmp_path / "noise.pt"
    vectors = torch.randint(0, 2, (100, 7)).float()
    torch.save(vectors, noise)
    code = f"""
import sys
sys.modules["patterngan"] = None  # an import would fail
path = {str(file)!r}{LOAD[format]}
noise = torch.load({str(noise)!r})
assert sample(noise[:1]).shape == (1,)
print(*sample(noise).tolist())"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    from patterngan.runs.loading import load_sampler

    assert [int(word) for word in done.stdout.split()] == load_sampler(evens)(vectors).tolist()


def test_the_formats_offered_are_those_there_are(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from export import FORMATS as OFFERED

    from patterngan.runs.export import FORMATS

    assert set(OFFERED) == set(FORMATS)


def test_an_export_lands_in_the_run_folder(typed, run, tmp_path):
    run(*QUICK)
    (tmp_path / ".hydra").mkdir()
    done = typed("export", str(tmp_path), "--format", "torch_export")
    assert (done.code, done.out) == (0, "generator.pt2\n")
    assert (tmp_path / "generator.pt2").is_file()


def test_figures_are_drawn_of_runs_and_sweeps(typed, evens, tmp_path):
    assert typed("figures", "distribution", str(evens), "--samples", "500", "-o", "laws.png").out == "laws.png\n"
    assert typed("figures", "verdicts", str(evens), "--samples", "500").out == "verdicts.png\n"
    few = ["experiment=dirac", "steps=5", "objective=nonsaturating,wasserstein", "penalty=none,r1"]
    assert typed("train", "-m", *few, "hydra.sweep.dir=sweep").code == 0
    assert typed("figures", "dirac", "sweep").out == "dirac.png\n"
    done = typed("figures", "heatmap", "sweep", "--rows", "penalty", "--columns", "objective", "-o", "map.png")
    assert done.out == "map.png\n"
    for name in ("laws.png", "verdicts.png", "dirac.png", "map.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    done = typed("figures", "heatmap", "sweep", "--rows", "head", "--columns", "objective")
    assert (done.code, done.err) == (2, "error: sweep: head was not swept; swept were objective, penalty\n")
    done = typed("figures", "dirac", str(tmp_path / "nothing"))
    assert done.code == 2
