"""A long run holds no more than a short one: what evaluations leave behind is counted, and nothing timed."""

import gc

import psutil
import pytest
import pytorch_lightning as pl

EVALUATIONS = 31
OPTIONS = ("experiment=plain", "evaluate_every=5", "evaluation.samples=20", "batch_size=8", "~callbacks.pictures")
COMMAND = (*OPTIONS, f"steps={5 * (EVALUATIONS - 1)}")
MOST = 200
"""Objects that may be left: the last evaluation's own. Keeping every evaluation's figures would leave ten for each."""


@pytest.fixture
def left(monkeypatch):
    """What the evaluations after the fifth leave behind: the numbers of objects and of open files."""
    counts, open_files = {}, []

    def count(self):
        open_files.append(psutil.Process().num_fds())
        if len(open_files) == 5:
            gc.collect()
            gc.freeze()  # what is there now is neither counted nor looked through again
        if len(open_files) == EVALUATIONS:
            gc.collect()
            counts.update(objects=len(gc.get_objects()), files=open_files[-1] - open_files[4])

    monkeypatch.setattr(pl.LightningModule, "on_validation_end", count)
    yield counts
    gc.unfreeze()


def test_a_long_run_holds_what_a_short_one_holds(run, left):
    run(*COMMAND)
    assert left["objects"] < MOST
    assert left["files"] == 0


def test_a_population_that_trains_long_holds_what_a_short_one_holds(typed, left):
    assert typed("train", "-m", *COMMAND, "seed=1,2,3", "hydra.sweep.dir=sweep").code == 0
    assert left["objects"] < MOST
    assert left["files"] == 0
