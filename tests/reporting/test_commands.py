import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from patterngan.paths import CONF
from patterngan.reporting.commands import (
    alone_command,
    curves_command,
    display_path,
    generate_command,
    rerun_command,
    resume_command,
    script_command,
    sweep_again_command,
    sweep_command,
    sweep_curves_command,
    sweep_resume_hint,
    train_command,
)

TRAIN = f"python {CONF.parent / 'train.py'}"


def value_of(override):
    return OverridesParser.create().parse_override(override).value()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_are_shown_as_the_user_would_type_them(here):
    assert display_path(here / "a" / "b") == "a/b"
    assert display_path(Path("/elsewhere/b")) == "/elsewhere/b"
    assert display_path(here / "-n") == "./-n"


@pytest.mark.parametrize("name", ["plain/last.ckpt", "a b", "x=1,y", "it's", "é"])
def test_a_resume_command_is_quoted_for_hydra_and_the_shell(here, name):
    *_, override = shlex.split(resume_command(here / name))
    assert value_of(override) == name


def test_commands_of_the_checkout_are_short(monkeypatch):
    monkeypatch.chdir(CONF.parent)
    run = CONF.parent / "outputs" / "my run"
    assert resume_command(Path("outputs/run")) == "python train.py ckpt_path=outputs/run"
    assert train_command("lr=1", "penalty=[r1]") == "python train.py lr=1 'penalty=[r1]'"
    assert generate_command(run) == "python scripts/generate.py 'outputs/my run' -n 10"
    assert script_command("report", run, "--all") == "python scripts/report.py 'outputs/my run' --all"
    assert curves_command(run) == "tensorboard --logdir 'outputs/my run'"
    assert sweep_curves_command(run, None) == curves_command(run)
    medians = "tensorboard --logdir 'outputs/my run/medians'  # every run: --logdir 'outputs/my run'"
    assert sweep_curves_command(run, run / "medians") == medians


def test_a_run_of_a_sweep_is_trained_again_alone_unless_it_goes_on_from_another():
    assert alone_command(["lr=0.1", "penalty=[r1,r2]"]) == f"{TRAIN} lr=0.1 'penalty=[r1,r2]'"
    assert alone_command(["lr=0.1", "+x._target_=os.system"]) is None
    assert rerun_command(["ckpt_path=run"]) == f"{TRAIN} ckpt_path=run"
    assert alone_command(["ckpt_path=run"]) is None


def test_a_sweep_goes_on_in_its_own_folder(here):
    typed = ["lr=1,2", "hydra.sweep.dir=elsewhere", "hydra.mode=MULTIRUN", "hydra.launcher.n_jobs=2"]
    assert sweep_command(typed, here / "s") == f"{TRAIN} -m lr=1,2 hydra.launcher.n_jobs=2 hydra.sweep.dir=s"
    assert sweep_command([], here / "a b") == f"{TRAIN} -m " + shlex.quote("hydra.sweep.dir='a b'")


def test_a_sweep_that_a_file_tells_of_goes_on_only_where_that_runs_no_code(here):
    placed = ["lr=1,2", "hydra.mode=MULTIRUN", "hydra.sweep.dir=/else/where"]
    assert sweep_again_command(placed, here / "s") == f"{TRAIN} -m lr=1,2 hydra.sweep.dir=s"
    assert sweep_again_command([*placed, "+callbacks.x._target_=os.system"], here / "s") is None
    assert sweep_again_command(placed[1:], here / "s") is None


def test_the_hint_to_resume_a_sweep_has_what_was_typed():
    from omegaconf import OmegaConf

    overrides = {"task": ["lr=${x}"], "hydra": ["hydra.mode=MULTIRUN"]}
    config = OmegaConf.create({"hydra": {"overrides": overrides, "sweep": {"dir": "s"}}})
    assert sweep_resume_hint(config) == f"go on with: {TRAIN} -m 'lr=${{x}}' hydra.sweep.dir=s"
