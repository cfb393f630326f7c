import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import base

from patterngan.sweeps import planning
from patterngan.sweeps.jobs import grouped
from patterngan.sweeps.planning import plan


@pytest.fixture
def counted(count_calls):
    """How often planning does what takes long."""
    return count_calls(
        files=(ConfigLoaderImpl, "load_sweep_config"),
        runs=(planning, "prepare"),
        networks=(planning, "run_spec"),
        interpolations=(base, "parse"),
    )


def test_what_jobs_share_is_done_once_however_many_there_are(sweep, counted):
    def planned(count):
        plan(sweep(), [[f"lr={1 + n}e-4", f"pattern.k={2 + n % 2}", f"seed={n}"] for n in range(count)], 0)
        return dict(counted)

    first = planned(4)
    assert first["files"] == first["runs"] == first["networks"] == 1  # the second modulus has networks of its own
    counted.update(dict.fromkeys(counted, 0))
    assert planned(40) == first


def test_jobs_that_differ_in_learning_rates_alone_are_checked_each(sweep):
    made = plan(sweep(), [["lr=1e-3"], ["lr=-1"], ["lr=2e-3"], ["optimizer.generator.lr=0"], ["lr=2e-3"]], 0)
    assert made.reasons == {
        1: "lr=-1: must be a finite number > 0",
        3: "optimizer.generator.lr=0: must be a finite number > 0",
    }
    (group,) = grouped([job for job in made.jobs if job.number not in made.reasons])
    assert [job.settings["lr"] for job in group.jobs] == [1e-3, 2e-3, 2e-3]


def test_a_sweep_ends_at_a_failure_only_where_its_sweeper_can_and_is_told_to(sweep):
    assert sweep("hydra.sweeper.fail_fast=true").fail_fast
    assert not sweep().fail_fast
    assert not sweep("hydra/sweeper=basic").fail_fast
