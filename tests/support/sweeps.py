"""Sweeps and their jobs without a command line."""

from collections.abc import Callable

import pytest
from hydra.core.global_hydra import GlobalHydra

from patterngan.api import own_logging
from patterngan.runs.job import Job
from patterngan.sweeps.hydra_jobs import Composer
from patterngan.sweeps.jobs import describe_job
from patterngan.sweeps.planning import Sweep
from tests.support.launcher import launcher_sweep


@pytest.fixture
def sweep(tmp_path, monkeypatch) -> Callable[..., Sweep]:
    """Makes a sweep of train.py with these overrides for every job, in tmp_path/sweep."""
    monkeypatch.chdir(tmp_path)
    with own_logging():
        yield lambda *overrides, **named: launcher_sweep(*overrides, "hydra.sweep.dir=sweep", **named)
    GlobalHydra.instance().clear()


@pytest.fixture
def jobs(sweep) -> Callable[..., list[Job]]:
    """Makes the jobs with these overrides."""

    def made(*job_overrides: list[str]) -> list[Job]:
        one = sweep()
        composer = Composer(one.context.config_loader, one.master)
        return [describe_job(composer.compose(typed, number), number) for number, typed in enumerate(job_overrides)]

    return made
