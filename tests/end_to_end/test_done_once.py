"""A run's config is checked once, its Trainer is built once, and the checkpoint that it goes on from is read once."""

import pytest
import pytorch_lightning as pl
import torch

from patterngan.runs import assembly, run
from patterngan.storage import checkpoints

SHORT = ("experiment=plain", "steps=20", "evaluate_every=10", "evaluation.samples=50", "~callbacks.pictures")
QUICK = (*SHORT, "hydra.run.dir=run")


@pytest.fixture
def calls(count_calls):
    """How often each is called."""
    return count_calls(
        prepare=(run, "prepare"),
        run_spec=(assembly, "run_spec"),
        Trainer=(pl.Trainer, "__init__"),
        fit=(pl.Trainer, "fit"),
        read=(checkpoints, "load"),
        **{"torch.load": (torch, "load")},
    )


def test_a_new_run(typed, calls):
    assert typed("train", *QUICK).code == 0
    assert calls == {"prepare": 1, "run_spec": 1, "Trainer": 1, "fit": 1, "read": 0, "torch.load": 0}


def test_a_run_that_goes_on(typed, calls):
    assert typed("train", *QUICK).code == 0
    calls.update(dict.fromkeys(calls, 0))
    assert typed("train", "ckpt_path=run", "steps=40").code == 0
    assert calls == {"prepare": 1, "run_spec": 1, "Trainer": 1, "fit": 1, "read": 1, "torch.load": 1}


def test_a_mistake_builds_no_trainer(typed, calls):
    assert typed("train", *QUICK, "pattern.k=0").code == 2
    assert (calls["prepare"], calls["Trainer"]) == (1, 0)
