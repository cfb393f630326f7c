"""Lightning's Trainer, and what it is surrounded by, for a config."""

import logging
import warnings
from collections.abc import Sized
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.callbacks import ProgressBar
from pytorch_lightning.loggers import Logger

from patterngan.checkpoint_io import AtomicCheckpointIO
from patterngan.configs import build, build_offered
from patterngan.validation import InvalidValueError, UsageError, choice

# Lightning tells of every device it looked for and what else one could install.
logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
# Lightning 2.6 meets torch's newer pytrees; nothing a user can act on.
warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*is deprecated", FutureWarning)


ARGUMENTS = ("accelerator", "devices", "deterministic", "profiler", "enable_progress_bar")
"""The arguments of Lightning's Trainer that are left to the user: none of them changes what is trained."""


def trainer(config: DictConfig, **ours: Any) -> pl.Trainer:
    """Lightning's Trainer on the device the config names.

    Raises:
        UsageError: for arguments it does not take, and devices this machine does not have.
    """
    ours |= {
        "max_steps": config.steps,
        "max_epochs": -1,
        "reload_dataloaders_every_n_epochs": 1,  # an epoch's blocks end at the next evaluation
        "log_every_n_steps": 1,
        "plugins": [AtomicCheckpointIO()],
        "enable_model_summary": False,
    }
    for name in map(str, config.trainer):
        if name not in ("_target_", *ARGUMENTS):
            raise UsageError(f"trainer.{name}: must be one of {', '.join(ARGUMENTS)}; the rest follows from other keys")
    _require_one_device(config.trainer.devices)
    if config.trainer.deterministic not in (True, False, "warn"):
        raise InvalidValueError("trainer.deterministic", config.trainer.deterministic, "must be true, false or warn")
    made = build(config, "trainer", accelerator=accelerator(config.trainer.accelerator), **ours)
    assert isinstance(made, pl.Trainer)
    return made


def surroundings(config: DictConfig, folder: Path, purge_step: int = 0) -> tuple[Logger | bool, list[pl.Callback]]:
    """The logger, which writes into `folder` once there is something to write, and the callbacks.

    `purge_step`: see `loggers.TensorBoard`.

    Raises:
        UsageError: for what is not one.
    """
    logger = build_offered(config, "logger", save_dir=folder, purge_step=purge_step) if config.get("logger") else False
    callbacks = {name: build(config, f"callbacks.{name}") for name in config.get("callbacks") or ()}
    for name, callback in callbacks.items():
        if not isinstance(callback, pl.Callback):
            raise UsageError(f"callbacks.{name}: is no Lightning callback")
    bars_wanted = config.trainer.get("enable_progress_bar", True)
    return logger, [made for made in callbacks.values() if bars_wanted or not isinstance(made, ProgressBar)]


def accelerator(value: object) -> str:
    """The accelerator that a config names, as Lightning knows it.

    Raises:
        InvalidValueError: for one that this machine does not have.
    """
    name = choice("trainer.accelerator", value, ("cpu", "gpu", "cuda", "auto"))
    if name in ("gpu", "cuda") and not torch.cuda.is_available():
        raise InvalidValueError("trainer.accelerator", name, "this machine has no CUDA GPU; use cpu")
    return "cpu" if name == "cpu" or not torch.cuda.is_available() else "cuda"


def _require_one_device(devices: object) -> None:
    count = len(devices) if isinstance(devices, Sized) else devices
    if count != 1 or isinstance(devices, str | bool):
        allowed = "one GAN fits one device: must be 1 or a list of one index; use -m to run many GANs"
        raise InvalidValueError("trainer.devices", devices, allowed)
