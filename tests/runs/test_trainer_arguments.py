import copy
import inspect

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from patterngan.runs.trainer_arguments import DECIDED, accelerator, check_arguments, precision
from patterngan.validation import UsageError


def test_every_argument_that_is_decided_elsewhere_is_one_of_lightnings_and_is_refused(config):
    assert DECIDED.keys() <= inspect.signature(pl.Trainer).parameters.keys()
    plain = config()
    for name, instead in DECIDED.items():
        typed = copy.deepcopy(plain)
        OmegaConf.update(typed, f"trainer.{name}", 1, force_add=True)
        with pytest.raises(UsageError) as refused:
            check_arguments(typed)
        assert str(refused.value) == f"trainer.{name}: {instead}"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "+trainer.max_tim=1",
            "trainer.max_tim: is no argument of Lightning's Trainer; did you mean trainer.max_time?",
        ),
        ("+trainer.colour=1", "trainer.colour: is no argument of Lightning's Trainer; known are "),
        ("trainer.devices=2", "trainer.devices=2: must be 1 or a list of one index; one GAN fits one device"),
        ("trainer.deterministic=1e3", "trainer.deterministic=1000.0: must be true, false or warn"),
        ("+trainer.log_every_n_steps=-1", "trainer.log_every_n_steps=-1: must be an integer"),
        ("+trainer.precision=16-mixed", "trainer.precision=16-mixed: must be 32-true or 64-true: "),
        (
            "+trainer.detect_anomaly=true",
            "trainer.detect_anomaly=true: sees no step that is replayed; add capture=false",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(config, override, message):
    with pytest.raises(UsageError) as refused:
        check_arguments(config(override))
    assert str(refused.value).startswith(message)


def test_precisions_are_written_as_lightning_takes_them(config):
    assert precision(config()) == precision(config("+trainer.precision=32")) == torch.float32
    assert (
        precision(config("+trainer.precision=64")) == precision(config("+trainer.precision=64-true")) == torch.float64
    )


@pytest.mark.parametrize(
    ("found", "picked"),
    [({}, "cpu"), ({"CUDA"}, "cuda"), ({"MPS"}, "mps"), ({"CUDA", "MPS"}, "mps")],
)
def test_auto_and_gpu_are_what_lightning_picks(monkeypatch, found, picked):
    for kind in ("CUDA", "MPS"):
        there = kind in found
        monkeypatch.setattr(f"pytorch_lightning.accelerators.{kind}Accelerator.is_available", lambda there=there: there)
    assert accelerator("auto") == picked
    assert accelerator("cpu") == "cpu"
    for name in ("gpu", "mps") if "MPS" in found else ("gpu",) if found else ():
        assert accelerator(name) == picked
    if "MPS" not in found:
        with pytest.raises(UsageError, match="^trainer.accelerator=mps: this machine has no Apple GPU; use cpu$"):
            accelerator("mps")
