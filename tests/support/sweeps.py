"""Sweeps without a command line: what Hydra hands to a launcher."""

from collections.abc import Callable

import pytest
from hydra import version
from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import HydraContext, RunMode
from omegaconf import open_dict

from patterngan import CONF
from patterngan.sweeps.composition import Composer
from patterngan.sweeps.jobs import Job, job
from patterngan.sweeps.launching import Sweep


@pytest.fixture
def sweep(tmp_path, monkeypatch) -> Callable[..., Sweep]:
    """A sweep of train.py with these overrides for every job, in tmp_path/sweep."""
    monkeypatch.chdir(tmp_path)
    version.setbase("1.3")  # as train.py does
    setup_globals()
    hydra = Hydra.create_main_hydra2("train", create_config_search_path(str(CONF)))

    def made(*overrides: str, task=lambda config: None) -> Sweep:
        typed = [*overrides, "hydra.sweep.dir=sweep"]
        master = hydra.compose_config("config", typed, RunMode.MULTIRUN, with_log_configuration=False)
        with open_dict(master.hydra):
            master.hydra.job.name = "train"
        context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(master))
        return Sweep(context, task, master)

    yield made
    GlobalHydra.instance().clear()


@pytest.fixture
def jobs(sweep) -> Callable[..., list[Job]]:
    """The jobs with these overrides."""

    def made(*job_overrides: list[str]) -> list[Job]:
        one = sweep()
        composer = Composer(one.context.config_loader, one.master)
        return [job(composer.compose(typed, number), number) for number, typed in enumerate(job_overrides)]

    return made
