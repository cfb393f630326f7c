"""Lightning's Trainer, and what it is surrounded by, for a config."""

import logging
import warnings
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, ListConfig
from pytorch_lightning.callbacks import ProgressBar
from pytorch_lightning.loggers import Logger

from patterngan.runs.configs import build, build_offered
from patterngan.training.checkpointing import AtomicCheckpointIO
from patterngan.validation import InvalidValueError, UsageError, boolean, choice

# Lightning tells of every device it looked for and what else one could install.
logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
# Lightning 2.6 meets torch's newer pytrees; nothing a user can act on.
warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*is deprecated", FutureWarning)


ARGUMENTS = ("accelerator", "devices", "deterministic", "profiler", "enable_progress_bar")
"""The arguments of Lightning's Trainer that are left to the user: none of them changes what is trained."""

PROFILERS = ("simple", "advanced", "pytorch")
"""What Lightning's Trainer makes a profiler of."""


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
    device = accelerator(config.trainer.accelerator)
    _require_one_device(config.trainer.devices, device)
    _require_switches(config.trainer)
    made: pl.Trainer = build(config, "trainer", pl.Trainer, accelerator=device, **ours)
    return made


def _require_switches(arguments: DictConfig) -> None:
    # Lightning takes 0 for false and any text for true, and a profiler of another kind ends in its traceback.
    if arguments.deterministic != "warn" and not isinstance(arguments.deterministic, bool):
        raise InvalidValueError("trainer.deterministic", arguments.deterministic, "must be true, false or warn")
    boolean("trainer.enable_progress_bar", arguments.get("enable_progress_bar", True))
    if arguments.get("profiler") is not None:
        choice("trainer.profiler", arguments.profiler, PROFILERS)


def surroundings(config: DictConfig, folder: Path, purge_step: int = 0) -> tuple[Logger | bool, list[pl.Callback]]:
    """The logger, which writes into `folder` once there is something to write, and the callbacks.

    `purge_step`: see `loggers.TensorBoard`.

    Raises:
        UsageError: for what is not one.
    """
    logger: Logger | bool = False
    if config.get("logger"):
        logger = build_offered(config, "logger", Logger, save_dir=folder, purge_step=purge_step)
    callbacks = [build(config, f"callbacks.{name}", pl.Callback) for name in config.get("callbacks") or ()]
    bars_wanted = config.trainer.get("enable_progress_bar", True)
    return logger, [made for made in callbacks if bars_wanted or not isinstance(made, ProgressBar)]


def accelerator(value: object) -> str:
    """The accelerator that a config names, as Lightning knows it.

    Raises:
        InvalidValueError: for one that this machine does not have.
    """
    name = choice("trainer.accelerator", value, ("cpu", "gpu", "cuda", "auto"))
    if name in ("gpu", "cuda") and not torch.cuda.is_available():
        raise InvalidValueError("trainer.accelerator", name, "this machine has no CUDA GPU; use cpu")
    return "cpu" if name == "cpu" or not torch.cuda.is_available() else "cuda"


def _require_one_device(devices: object, device: str) -> None:
    listed = list(devices) if isinstance(devices, ListConfig) else None
    if type(devices) is int and devices == 1:
        return
    if listed is None or len(listed) != 1 or type(listed[0]) is not int or listed[0] < 0:
        allowed = "one GAN fits one device: must be 1 or a list of one index; use -m to run many GANs"
        raise InvalidValueError("trainer.devices", devices, allowed)
    if device == "cpu":
        raise InvalidValueError("trainer.devices", devices, "picks among GPUs; must be 1 where accelerator is cpu")
