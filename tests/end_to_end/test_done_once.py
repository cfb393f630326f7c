"""A run's config is checked once, its Trainer is built once, and the checkpoint that it goes on from is read once."""

import pytest
import pytorch_lightning as pl
import torch

from patterngan.runs import assembly, run
from patterngan.storage import checkpoints

QUICK = ("experiment=plain", "steps=20", "evaluate_every=10", "evaluation.samples=50", "hydra.run.dir=run")


@pytest.fixture
def calls(monkeypatch):
    """How often each is called."""
    counts = {"prepare": 0, "run_spec": 0, "Trainer": 0, "fit": 0, "read": 0, "torch.load": 0}

    def count(owner, name, key):
        original = getattr(owner, name)

        def counting(*arguments, **named):
            counts[key] += 1
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, counting)

    count(run, "prepare", "prepare")
    count(assembly, "run_spec", "run_spec")
    count(pl.Trainer, "__init__", "Trainer")
    count(pl.Trainer, "fit", "fit")
    count(checkpoints, "load", "read")
    count(torch, "load", "torch.load")
    return counts


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
