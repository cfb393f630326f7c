"""A long run holds no more than a short one: what evaluations leave behind is counted, and nothing timed."""

import gc

import psutil
import pytest

from patterngan.population.callbacks import Notes
from patterngan.training.callbacks import Curves

EVALUATIONS = 31
OPTIONS = ("experiment=plain", "evaluate_every=5", "evaluation.samples=20", "batch_size=8", "~callbacks.pictures")
MOST = 200
"""Objects that may be left: the last evaluation's own. To keep what each found would be ten an evaluation."""
COMMAND = (*OPTIONS, f"steps={5 * (EVALUATIONS - 1)}")


@pytest.fixture
def left(monkeypatch):
    """What the evaluations after the fifth leave behind: objects, and open files."""

    def counted(callback):
        found, real, seen = {}, callback.on_validation_end, []

        def count(self, *arguments):
            real(self, *arguments)
            seen.append(psutil.Process().num_fds())
            if len(seen) == 5:
                gc.collect()
                gc.freeze()  # what is there now is neither counted nor looked through again
            if len(seen) == EVALUATIONS:
                gc.collect()
                found.update(objects=len(gc.get_objects()), files=seen[-1] - seen[4])

        monkeypatch.setattr(callback, "on_validation_end", count)
        return found

    yield counted
    gc.unfreeze()


def test_a_long_run_holds_what_a_short_one_holds(run, left):
    found = left(Curves)
    run(*COMMAND)
    assert found["objects"] < MOST
    assert found["files"] == 0


def test_a_population_that_trains_long_holds_what_a_short_one_holds(typed, left):
    found = left(Notes)
    assert typed("train", "-m", *COMMAND, "seed=1,2,3", "hydra.sweep.dir=sweep").code == 0
    assert found["objects"] < MOST
    assert found["files"] == 0
