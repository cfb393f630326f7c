import os

import pytest
from omegaconf import OmegaConf

from hydra_plugins.patterngan_sweeps.grid_sweeper import jobs_at_a_time


@pytest.mark.parametrize(
    ("launcher", "options", "most", "size"),
    [
        ("basic", {}, None, 1),
        ("basic", {}, 8, 1),
        ("joblib", {"n_jobs": 4}, None, 4),
        ("joblib", {"n_jobs": 4}, 2, 2),
        ("joblib", {"n_jobs": -1}, None, os.cpu_count()),
        ("joblib", {"n_jobs": -1000}, None, 1),
        ("submitit_slurm", {}, None, 1),
        ("submitit_slurm", {}, 16, 16),
    ],
)
def test_with_fail_fast_a_launcher_gets_as_many_jobs_as_it_runs_at_a_time(launcher, options, most, size):
    hydra = OmegaConf.create({"launcher": options, "runtime": {"choices": {"hydra/launcher": launcher}}})
    assert jobs_at_a_time(hydra, most) == size
