import sys

import pytest
from pytorch_lightning.loggers import CSVLogger, WandbLogger

from patterngan.runs.loggers import build_loggers, limits, place_of
from patterngan.training.loggers import TensorBoard
from patterngan.validation import UsageError


def built(config, folder, *overrides, in_sweep=False):
    typed = ["seed=3", *overrides]
    return build_loggers(config(*typed), place_of(folder, typed, in_sweep, 0))


def test_loggers_are_those_that_the_config_names(config, tmp_path):
    assert built(config, tmp_path, "logger=none") == built(config, tmp_path, "~logger") == []
    board, csv = built(config, tmp_path, "logger=[tensorboard,csv]")
    assert (board.name, type(board.logger)) == ("tensorboard", TensorBoard)
    assert (csv.name, type(csv.logger)) == ("csv", CSVLogger)
    assert list(tmp_path.iterdir()) == []


def test_what_follows_from_the_run_is_given_and_what_is_typed_wins(config, tmp_path):
    _, mine = built(config, tmp_path, "+logger.mine._target_=pytorch_lightning.loggers.CSVLogger")
    assert mine.logger.save_dir == str(tmp_path)
    _, mine = built(
        config, tmp_path, "+logger.mine={_target_: pytorch_lightning.loggers.CSVLogger, save_dir: elsewhere}"
    )
    assert mine.logger.save_dir == "elsewhere"


@pytest.mark.parametrize("in_sweep", [False, True])
def test_runs_are_named_by_what_was_typed_but_for_their_loggers(config, tmp_path, in_sweep):
    typed = ["logger=[tensorboard,wandb]", "logger.wandb.project=mine", "lr=0.5"]
    board, wandb = built(config, tmp_path, *typed, in_sweep=in_sweep)
    assert board.logger.file.path.parent == tmp_path / "seed=3,lr=0.5"
    assert isinstance(wandb.logger, WandbLogger)
    assert (wandb.place.name, wandb.logger.name) == ("seed=3,lr=0.5", "mine")
    assert place_of(tmp_path, ["logger=csv"], False, 0).name == tmp_path.name
    assert place_of(tmp_path, ["logger=csv"], False, 0).events == tmp_path


def test_a_run_of_a_sweep_knows_what_is_swept(tmp_path):
    (tmp_path / "multirun.yaml").write_text("hydra: {overrides: {task: ['seed=0,1', 'lr=1,2', steps=9]}}")
    assert place_of(tmp_path / "0", ["seed=0", "lr=1", "steps=9"], True, 0).swept == ("lr", "seed")
    assert place_of(tmp_path / "0", ["seed=0", "lr=1", "steps=9"], False, 0).swept == ()


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(config, tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    line = f"logger={name}: {name} is not installed; pip install 'patterngan\\[{name}\\]'"
    with pytest.raises(UsageError, match=f"^{line}$"):
        built(config, tmp_path, f"logger={name}")


def test_what_a_logger_cannot_show_is_a_line(config):
    loggers = config("logger=[tensorboard,csv,wandb]").logger
    csv = "logger=csv: shows no pictures and no sample texts"
    assert limits(loggers, in_sweep=False) == [csv]
    assert limits(loggers, in_sweep=True) == [csv, "logger=wandb: shows no pictures"]
    assert limits(None, in_sweep=True) == []
