import pytest
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Timer

from patterngan.runs.trainer import build_callbacks, build_trainer
from patterngan.training.checkpointing import AtomicCheckpointIO
from patterngan.training.progress import Progress
from patterngan.validation import UsageError


def test_a_trainer_stops_at_the_runs_last_step(config):
    trainer = build_trainer(config("steps=70"), logger=False, enable_progress_bar=False, enable_checkpointing=False)
    assert isinstance(trainer, pl.Trainer)
    assert trainer.max_steps == 70


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+trainer.max_steps=9", "trainer.max_steps: use steps"),
        ("trainer.devices=[0]", "trainer.devices=[0]: `devices` selected with `CPUAccelerator` "),
        ("+trainer.profiler=slow", "trainer.profiler=slow: When passing string value for the `profiler` parameter"),
        ("+trainer.max_time=soon", "trainer.max_time=soon: `Timer(duration='soon')` is not a valid duration"),
        ("+trainer.plugins=[3]", "trainer.plugins[0]=3: must be a section with a _target_"),
        (
            "+trainer.plugins={_target_:pytorch_lightning.plugins.DoublePrecision}",
            "trainer.plugins: may hold no precision; use trainer.precision",
        ),
    ],
)
def test_what_lightning_does_not_take_is_refused_by_its_key(config, override, message):
    with pytest.raises(UsageError) as refused:
        build_trainer(config(override), logger=False)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_the_other_arguments_reach_lightning(config):
    plugin = "{_target_:pytorch_lightning.plugins.environments.LightningEnvironment}"
    passed = (
        "benchmark=false",
        "inference_mode=false",
        "max_time=00:00:07",
        f"plugins=[{plugin}]",
        "log_every_n_steps=9",
    )
    trainer = build_trainer(config(*(f"+trainer.{argument}" for argument in passed)), logger=False)
    assert trainer.log_every_n_steps == 9
    assert not trainer.validate_loop.inference_mode
    assert [one.time_remaining() for one in trainer.callbacks if isinstance(one, Timer)] == [7]
    assert isinstance(trainer.strategy.checkpoint_io, AtomicCheckpointIO)  # beside the plugin of the user


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "{_target_:pytorch_lightning.callbacks.RichProgressBar}",
            "callbacks.mine: a run has one progress bar; add ",
        ),
        (
            "{_target_:pytorch_lightning.callbacks.ModelCheckpoint,filename:best}",
            "callbacks.mine.filename=best: callbacks.checkpoint writes this file",
        ),
    ],
)
def test_two_callbacks_for_one_bar_or_file_are_refused(config, override, message):
    with pytest.raises(UsageError) as refused:
        build_callbacks(config(f"+callbacks.mine={override}"))
    assert str(refused.value).startswith(message)


def test_callbacks_are_those_that_the_config_names(config):
    assert any(isinstance(callback, Progress) for callback in build_callbacks(config()))
    assert not any(
        isinstance(callback, Progress) for callback in build_callbacks(config("+trainer.enable_progress_bar=false"))
    )
    assert build_callbacks(config("callbacks=none")) == []
