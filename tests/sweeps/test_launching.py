import json

import pytest
from hydra.core.utils import JobStatus
from omegaconf import OmegaConf

from patterngan.reporting.overrides import MULTIRUN
from patterngan.runs.outcome import Outcome
from patterngan.storage.stopwatch import Seconds
from patterngan.sweeps.engines import Local
from patterngan.sweeps.launching import _report, launch
from patterngan.sweeps.planning import plan
from patterngan.training.module import DivergedError

pytestmark = pytest.mark.end_to_end  # trains a sweep

QUICK = ["experiment=plain", "steps=40", "evaluate_every=20", "evaluation.samples=50", "~callbacks.pictures"]


def test_jobs_return_their_metrics_in_order_and_a_second_launch_trains_nothing(sweep, monkeypatch):
    one = sweep()
    jobs = [[*QUICK, "seed=1"], [*QUICK, "seed=2"], [*QUICK, "seed=3", "lr=1e38"]]
    returns = launch(plan(one, jobs, 0), None, Local())
    assert [returned.status for returned in returns] == [JobStatus.COMPLETED, JobStatus.COMPLETED, JobStatus.FAILED]
    for number, returned in enumerate(returns[:2]):
        result = json.loads((one.folder / str(number) / "result.json").read_text())
        assert returned.return_value == result["metrics"]["tv"]
    assert not (one.folder / ".fused").exists()
    assert (one.folder / MULTIRUN).read_text() == OmegaConf.to_yaml(one.master)
    monkeypatch.setattr(Local, "train", lambda self, pieces: (pytest.fail("trained") for _ in pieces))
    again = launch(plan(one, jobs, 0), None, Local())
    assert [returned.status for returned in again] == [returned.status for returned in returns]
    assert again[0].return_value == returns[0].return_value


def test_a_member_that_diverged_is_written_and_raised(jobs):
    (job,) = jobs([*QUICK, "seed=1"])
    job.folder.mkdir(parents=True)
    with pytest.raises(DivergedError, match="at step 7"):
        _report(job, Outcome(7, Seconds(), error=DivergedError(7)))
    assert json.loads((job.folder / "result.json").read_text())["status"] == "diverged"
