"""What Hydra hands to a launcher, made without a command line."""

from collections.abc import Callable
from typing import Any

from hydra import version
from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, open_dict

from patterngan.paths import CONF
from patterngan.sweeps.planning import Sweep


def launcher_sweep(*overrides: str, task: Callable[[DictConfig], Any] = lambda config: None) -> Sweep:
    """Returns a sweep of train.py with these overrides for every job. Hydra's global state stays set."""
    version.setbase("1.3")  # as train.py does
    setup_globals()
    GlobalHydra.instance().clear()
    hydra = Hydra.create_main_hydra2("train", create_config_search_path(str(CONF)))
    master = hydra.compose_config("config", [*overrides], RunMode.MULTIRUN, with_log_configuration=False)
    with open_dict(master.hydra):
        master.hydra.job.name = "train"
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(master))
    return Sweep(context, task, master)
