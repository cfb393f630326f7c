"""The arguments of Lightning's Trainer that a user gives under `trainer`: which there are, and what they may be."""

import difflib
import inspect

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, ListConfig, OmegaConf
from pytorch_lightning.accelerators import CUDAAccelerator, MPSAccelerator

from patterngan.validation import InvalidValueError, UsageError, choice, integer

ONE_DEVICE = "one GAN fits one device; use -m to run many GANs"

DECIDED = {
    "max_steps": "use steps",
    "max_epochs": "use steps",
    "min_steps": "use steps",
    "min_epochs": "use steps",
    "limit_train_batches": "use steps",
    "overfit_batches": "use steps",
    "val_check_interval": "use evaluate_every",
    "check_val_every_n_epoch": "use evaluate_every",
    "num_sanity_val_steps": "use evaluate_every",
    "reload_dataloaders_every_n_epochs": "use evaluate_every",
    "limit_val_batches": "use evaluate_every or evaluation.samples",
    "limit_test_batches": "a run tests nothing; use evaluation.samples",
    "limit_predict_batches": "a run predicts nothing; use scripts/generate.py",
    "logger": "use logger",
    "callbacks": "use callbacks",
    "enable_checkpointing": "use ~callbacks.checkpoint",
    "barebones": "use logger=none callbacks=none",
    "default_root_dir": "use hydra.run.dir",
    "strategy": ONE_DEVICE,
    "num_nodes": ONE_DEVICE,
    "sync_batchnorm": ONE_DEVICE,
    "use_distributed_sampler": ONE_DEVICE,
    "accumulate_grad_batches": "Lightning takes no steps of a GAN; use batch_size",
    "gradient_clip_val": "Lightning takes no steps of a GAN; use optimizer.clip_norm",
    "gradient_clip_algorithm": "Lightning takes no steps of a GAN; use optimizer.clip_norm",
}
"""The arguments of Lightning's Trainer that other keys decide, with what to use instead. All others are the user's."""


def check_arguments(config: DictConfig) -> None:
    """Refuses arguments that `DECIDED` lists, those that Lightning does not know, and values that make no sense here.

    Raises:
        UsageError: naming the argument as it is typed.
    """
    known = inspect.signature(pl.Trainer).parameters
    for name in map(str, config.trainer):
        if name in DECIDED:
            raise UsageError(f"trainer.{name}: {DECIDED[name]}")
        if name != "_target_" and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            taken = ", ".join(one for one in known if one not in DECIDED)
            hint = f"did you mean trainer.{near[0]}?" if near else f"known are {taken}"
            raise UsageError(f"trainer.{name}: is no argument of Lightning's Trainer; {hint}")
    _check_values(config)


def _check_values(config: DictConfig) -> None:
    devices, deterministic = config.trainer.devices, config.trainer.deterministic
    if devices != 1 and not (isinstance(devices, ListConfig) and len(devices) == 1):
        raise InvalidValueError("trainer.devices", devices, f"must be 1 or a list of one index; {ONE_DEVICE}")
    if deterministic not in (True, False, "warn"):  # Lightning takes any text for true
        raise InvalidValueError("trainer.deterministic", deterministic, "must be true, false or warn")
    if "log_every_n_steps" in config.trainer:
        integer("trainer.log_every_n_steps", config.trainer.log_every_n_steps, 0)
    if config.trainer.get("detect_anomaly") and config.capture:
        raise InvalidValueError("trainer.detect_anomaly", "true", "sees no step that is replayed; add capture=false")
    if precision(config) == torch.float64 and accelerator(config.trainer.accelerator) == "mps":
        raise InvalidValueError("trainer.precision", config.trainer.precision, "Apple GPUs have no double precision")


def accelerator(value: object) -> str:
    """The accelerator that a config names, as Lightning knows it: cpu, cuda or mps."""
    name = choice("trainer.accelerator", value, ("cpu", "gpu", "cuda", "mps", "auto"))
    if name == "cpu":
        return name
    found = {"mps": MPSAccelerator.is_available(), "cuda": CUDAAccelerator.is_available()}  # in Lightning's order
    wanted = [kind for kind in found if found[kind] and name in (kind, "gpu", "auto")]
    if wanted or name == "auto":
        return [*wanted, "cpu"][0]
    maker = "Apple" if name == "mps" else "CUDA"
    raise InvalidValueError("trainer.accelerator", name, f"this machine has no {maker} GPU; use cpu")


def precision(config: DictConfig) -> torch.dtype:
    """The type of weights, codes and noise. A config without a trainer, such as that of a checkpoint, has the default.

    Raises:
        InvalidValueError: for half precision, in which uniform numbers round to 1, whose Gumbel noise is infinite.
    """
    value = OmegaConf.select(config, "trainer.precision")
    if value is None or str(value) in ("32", "32-true"):
        return torch.float32
    if str(value) in ("64", "64-true"):
        return torch.float64
    allowed = "must be 32-true or 64-true: the random numbers of a head need single precision"
    raise InvalidValueError("trainer.precision", value, allowed)
