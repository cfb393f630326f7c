import pytest
import pytorch_lightning as pl
import torch

from patterngan.runs.trainer import accelerator, build_callbacks, build_trainer
from patterngan.training.progress import Progress
from patterngan.validation import UsageError


def test_a_trainer_stops_at_the_runs_last_step(config):
    trainer = build_trainer(config("steps=70"), logger=False, enable_progress_bar=False, enable_checkpointing=False)
    assert isinstance(trainer, pl.Trainer)
    assert trainer.max_steps == 70


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+trainer.max_steps=9", "trainer.max_steps: must be one of accelerator, "),
        ("trainer.devices=2", "trainer.devices=2: one GAN fits one device"),
        ("trainer.devices=[0]", "trainer: .*CPUAccelerator"),  # in Lightning's words
        ("trainer.accelerator=tpu", "trainer.accelerator=tpu: must be one of cpu, gpu, cuda, auto"),
    ],
)
def test_arguments_that_cannot_be_are_refused_by_their_key(config, override, message):
    with pytest.raises(UsageError, match=f"^{message}"):
        build_trainer(config(override), logger=False)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_auto_is_the_cpu_where_there_is_no_gpu():
    assert accelerator("auto") == accelerator("cpu") == "cpu"


def test_callbacks_are_those_that_the_config_names(config):
    assert any(isinstance(callback, Progress) for callback in build_callbacks(config()))
    assert not any(
        isinstance(callback, Progress) for callback in build_callbacks(config("+trainer.enable_progress_bar=false"))
    )
    assert build_callbacks(config("callbacks=none")) == []
