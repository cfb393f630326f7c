"""Packages of a user's own: installed, only on the path, or broken. Other tests train and load what they bring."""

import json
import shlex

import pytest

from patterngan.packages import packages
from tests.support.commands import ROOT
from tests.support.kits import KITS, MYLAB

SHORT = ("experiment=plain", "steps=40", "evaluate_every=20", "evaluation.samples=50")
QUICK = (*SHORT, "~callbacks.pictures")
CONFIGS = MYLAB / "mylab" / "conf"


@pytest.fixture
def on_the_path(monkeypatch):
    """Lets Python import mylab, which no package manager has installed."""
    monkeypatch.syspath_prepend(str(MYLAB))
    packages.cache_clear()


def test_options_of_an_installed_package_are_offered_like_ours(typed, mylab, monkeypatch):
    assert "\npattern: bars_and_stripes, cardinality, listed, multiples, parity, primes, triangular\n" in (
        typed("train", "--help").out
    )
    assert "primes, triangular\n" in typed("train", "pattern=squares").err
    assert typed("train", "penalty=[drift,x]").err == "error: penalty=x: must be one of drift, none, r1, r2, wgan_gp\n"
    assert typed("train", "architecture.widht=3").err.endswith("did you mean architecture.width?\n")
    line = "python train.py pattern=tri"
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    assert typed("train", "-sc", "query=bash").out.strip() == "pattern=triangular"


@pytest.mark.parametrize(
    ("optimizer", "how"),
    [("adam", "fused 0-1 (2 members)"), ("signum", "alone 0-1 (its optimizer is for single runs)")],
)
def test_every_run_of_a_sweep_has_a_logger_and_an_optimizer_of_ones_own(typed, mylab, tmp_path, optimizer, how):
    chosen = (f"optimizer={optimizer}", "logger=[tensorboard,jsonlines]")
    done = typed("train", "-m", *QUICK, *chosen, "seed=1,2", "hydra.sweep.dir=sweep")
    assert done.code == 0, done.err
    assert f"2 runs: {how}" in done.out
    assert done.out.count("logger=jsonlines: shows no pictures and no sample texts") == 1
    for run in ("0", "1"):
        points = [json.loads(line) for line in (tmp_path / "sweep" / run / "curves.jsonl").read_text().splitlines()]
        assert [point["step"] for point in points if "metrics/tv" in point] == [0, 20, 40]


TYPED = ("pattern._target_=mylab.patterns.triangular", "~pattern.k", "~pattern.residue")
TIMER = "+callbacks.timer._target_=pytorch_lightning.callbacks.Timer"
SOURCES = {
    "--config-dir": ("--config-dir", str(CONFIGS), *KITS["mylab"].parts),
    "hydra.searchpath": (
        f"hydra.searchpath=[file://{CONFIGS}]",
        "experiment=plain",
        "objective=pearson",
        *TYPED,
        TIMER,
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_package_that_is_not_installed_trains_and_goes_on_as_printed(typed, on_the_path, source):
    done = typed("train", *SOURCES[source], *QUICK[1:], "hydra.run.dir=run")
    assert done.code == 0, done.err
    (line,) = (line for line in done.out.splitlines() if line.startswith("if it is stopped, go on with: "))
    _, script, *arguments = shlex.split(line.partition(": ")[2])
    assert script == str(ROOT / "train.py")
    again = typed("train", *arguments, "steps=60")
    assert again.code == 0, again.err
    assert "step     60" in again.out
    assert "if it is stopped" in again.out
    assert "generate.py run -n 10 --trust mylab" in again.out


def test_the_scripts_load_it_where_it_is_trusted(typed, on_the_path, tmp_path):
    assert typed("train", *SOURCES["--config-dir"], *SHORT[1:], "hydra.run.dir=run").code == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "same run again" in page
    assert "--trust mylab" in page
    for script in ("generate", "evaluate", "export"):
        done = typed(script, "run")
        assert done.code == 2
        assert done.err.endswith("that declare themselves; if you trust mylab, add --trust mylab\n")
        assert typed(script, "run", "--trust", "mylab").code == 0
    assert typed("report", "run", "--trust", "mylab").code == 0
    done = typed("train", "ckpt_path=run")
    assert done.err == (
        "error: ckpt_path=run: has options of mylab, which is no installed package; type the command that the run "
        "printed, which is in its train.log\n"
    )


def test_a_package_that_cannot_be_imported_ends_the_runs_that_use_it_and_no_others(typed, tmp_path, monkeypatch):
    conf = tmp_path / "brokenlab" / "conf" / "pattern"
    conf.mkdir(parents=True)
    (tmp_path / "brokenlab" / "__init__.py").write_text("raise RuntimeError('no such luck')")
    (conf / "broken.yaml").write_text("_target_: brokenlab.pattern")
    monkeypatch.syspath_prepend(str(tmp_path))
    packages.cache_clear()
    arguments = ("--config-dir", "brokenlab/conf", *QUICK)
    done = typed("train", *arguments, "pattern=broken")
    assert done.err == "error: pattern: brokenlab.pattern cannot be imported (no such luck)\n"
    assert typed("train", *arguments, "steps=2").code == 0
