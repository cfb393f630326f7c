"""Lightning's Trainer of a run, with the callbacks that its config names."""

import logging
import warnings
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, ListConfig
from pytorch_lightning.callbacks import ProgressBar

from patterngan.runs.instantiate import build
from patterngan.training.checkpointing import AtomicCheckpointIO
from patterngan.validation import InvalidValueError, UsageError, choice

# Lightning lists every device that it looked for, and what else could be installed.
logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
# Lightning 2.6 meets torch's newer pytrees; nothing a user can act on.
warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*is deprecated", FutureWarning)

ARGUMENTS = ("accelerator", "devices", "deterministic", "profiler", "enable_progress_bar")
"""The arguments of Lightning's Trainer that are left to the user: none of them changes what is trained."""


def build_trainer(config: DictConfig, **given: Any) -> pl.Trainer:
    """Lightning's Trainer on the device that the config names; `given`: further arguments of `pl.Trainer`.

    Raises:
        UsageError: for arguments that are not the user's to choose, and devices that this machine does not have.
    """
    for name in map(str, config.trainer):
        if name not in ("_target_", *ARGUMENTS):
            raise UsageError(f"trainer.{name}: must be one of {', '.join(ARGUMENTS)}; the rest follows from other keys")
    devices, deterministic = config.trainer.devices, config.trainer.deterministic
    if devices != 1 and not (isinstance(devices, ListConfig) and len(devices) == 1):
        allowed = "one GAN fits one device: must be 1 or a list of one index; use -m to run many GANs"
        raise InvalidValueError("trainer.devices", devices, allowed)
    if deterministic not in (True, False, "warn"):  # Lightning takes any text for true
        raise InvalidValueError("trainer.deterministic", deterministic, "must be true, false or warn")
    ours = {
        "accelerator": accelerator(config.trainer.accelerator),
        "max_steps": config.steps,
        "max_epochs": -1,
        "reload_dataloaders_every_n_epochs": 1,  # an epoch's blocks end at the next evaluation
        "log_every_n_steps": 1,
        "plugins": [AtomicCheckpointIO()],
        "enable_model_summary": False,
    }
    trainer: pl.Trainer = build(config, "trainer", pl.Trainer, **ours, **given)
    return trainer


def build_callbacks(config: DictConfig) -> list[pl.Callback]:
    """The callbacks that a config names, without progress bars where they are switched off."""
    callbacks = [build(config, f"callbacks.{name}", pl.Callback) for name in config.get("callbacks") or ()]
    bars_wanted = config.trainer.get("enable_progress_bar", True)
    return [callback for callback in callbacks if bars_wanted or not isinstance(callback, ProgressBar)]


def accelerator(value: object) -> str:
    """The accelerator that a config names, as Lightning knows it: cpu or cuda."""
    name = choice("trainer.accelerator", value, ("cpu", "gpu", "cuda", "auto"))
    if name in ("gpu", "cuda") and not torch.cuda.is_available():
        raise InvalidValueError("trainer.accelerator", name, "this machine has no CUDA GPU; use cpu")
    return "cpu" if name == "cpu" or not torch.cuda.is_available() else "cuda"
