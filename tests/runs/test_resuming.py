import shutil

import pytest
import torch

from patterngan.runs.resuming import resumed
from patterngan.runs.run import train
from patterngan.validation import UsageError

pytestmark = pytest.mark.end_to_end  # trains runs into folders

OVERRIDES = [
    "steps=20",
    "evaluate_every=10",
    "evaluation.samples=50",
    "encoding=onehot",
    "+trainer.precision=64-true",
]


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train(config(*OVERRIDES), folder, OVERRIDES)
    (folder / ".hydra").mkdir()
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    """The folder of a run, and its overrides."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path, OVERRIDES


def test_resuming_types_the_runs_own_overrides_again(folder):
    path, overrides = folder
    asked = f"ckpt_path={path}/checkpoints/last.ckpt"
    assert resumed([asked]) == [*overrides, f"hydra.run.dir='{path}'", asked]


def test_what_is_typed_now_wins(folder):
    path, _ = folder
    line = resumed([f"ckpt_path={path}", "steps=40", "encoding=binary"])
    assert line[:2] == ["evaluate_every=10", "evaluation.samples=50"]
    assert line[-2:] == ["steps=40", "encoding=binary"]


@pytest.mark.parametrize("experiment", ["even_numbers", "[plain,even_numbers]", "plain,even_numbers"])
def test_another_experiment_is_refused(trained, experiment):
    with pytest.raises(UsageError, match=r"was started without an experiment; leave it out to go on, or type its keys"):
        resumed([f"ckpt_path={trained}", f"experiment={experiment}"])


def test_the_experiment_of_the_run_may_be_typed_again_and_no_other(run, tmp_path):
    run("experiment=plain", "steps=2", "evaluate_every=2", "evaluation.samples=50", "~callbacks.pictures")
    assert resumed([f"ckpt_path={tmp_path}", "experiment=plain"])[-2:] == [f"ckpt_path={tmp_path}", "experiment=plain"]
    with pytest.raises(UsageError, match="experiment=dirac: the run of .* was started with experiment=plain; leave"):
        resumed([f"ckpt_path={tmp_path}", "experiment=dirac"])


def test_a_copied_checkpoint_and_a_sweep_get_folders_of_their_own(folder, tmp_path_factory):
    path, _ = folder
    copy = tmp_path_factory.mktemp("copies") / "some.ckpt"
    copy.write_bytes((path / "checkpoints" / "last.ckpt").read_bytes())
    for line in (resumed([f"ckpt_path={copy}"]), resumed(["-m", f"ckpt_path={path}", "lr=1e-3,1e-4"])):
        assert not [argument for argument in line if argument.startswith("hydra.run.dir")]


def test_options_of_hydra_stay_in_front_as_argparse_wants_them(folder):
    path, overrides = folder
    asked = f"ckpt_path={path}"
    assert resumed(["-m", asked, "lr=1,2"]) == ["-m", *overrides, asked, "lr=1,2"]
    assert resumed(["--cfg", "job", asked])[:3] == ["--cfg", "job", overrides[0]]


def change_settings(path, change):
    file = path / "checkpoints" / "last.ckpt"
    content = torch.load(file, weights_only=True)
    change(content["patterngan"]["settings"])
    torch.save(content, file)


def test_settings_win_over_todays_conf(folder):
    path, overrides = folder

    def change(settings):  # as if conf/ had other defaults when the run was made
        settings["batch_size"] = settings["data"]["batch_size"] = 8
        settings["lr"] = settings["optimizer"]["generator"]["lr"] = 0.25
        settings["optimizer"]["betas"] = [0.25, 0.75]

    change_settings(path, change)
    expected = [*overrides, "lr=0.25", "batch_size=8", "optimizer.betas=[0.25,0.75]"]
    asked = f"ckpt_path={path}"
    assert resumed([asked])[:-2] == expected
    assert resumed([asked, "lr=1"])[:-3] == [line for line in expected if line != "lr=0.25"]
    assert resumed([asked, "optimizer.generator.lr=1"])[:-3] == expected
    assert resumed([asked, "optimizer=adam"])[:-3] == expected[:-1]


def test_settings_that_todays_conf_does_not_have_are_refused(folder):
    path, _ = folder
    change_settings(path, lambda settings: settings["noise"].update(_target_="patterngan.gan.noise.Cauchy"))
    with pytest.raises(UsageError, match="was trained with noise._target_=patterngan.gan.noise.Cauchy, which conf/"):
        resumed([f"ckpt_path={path}"])


@pytest.mark.parametrize("line", [[], ["lr=1"], ["ckpt_path=missing.ckpt"], ["ckpt_path=null"], ["--help"]])
def test_other_command_lines_stay_as_they_are(line):
    assert resumed(line) == line
