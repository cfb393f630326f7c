"""Training: one run from its config to its result."""

import inspect
import logging
import shlex
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger
from rich.console import Console

from patterngan import checkpoints
from patterngan.assembly import assemble
from patterngan.callbacks import say, verdict
from patterngan.checkpoint_io import AtomicCheckpointIO
from patterngan.checkpoints import Checkpoint
from patterngan.cli import shown
from patterngan.configs import build, settings
from patterngan.data import PatternData
from patterngan.evaluation import NAMES
from patterngan.gan import GAN, DivergedError, Evaluation
from patterngan.results import Result, Status
from patterngan.validation import InvalidValueError, UsageError, choice

log = logging.getLogger(__name__)
# Lightning tells of every device it looked for and what else one could install.
logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
# Lightning 2.6 meets torch's newer pytrees; nothing a user can act on.
warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*is deprecated", FutureWarning)


@dataclass(frozen=True)
class Run:
    """All that a config describes, checked: ready to train."""

    config: DictConfig
    gan: GAN
    data: PatternData
    checkpoint: Checkpoint | None
    """Where it goes on from."""


def prepare(config: DictConfig) -> Run:
    """Everything about a run that can be wrong, before a folder is made for it.

    Raises:
        UsageError: naming the key and the value.
    """
    gan, data = assemble(config)
    trainer(config, logger=False, enable_progress_bar=False)
    surroundings(config, Path())
    choice("optimized_metric", config.optimized_metric, NAMES)
    checkpoint = None
    if config.ckpt_path is not None:
        checkpoint = _checkpoint(config.ckpt_path)
        checkpoints.require_same_shapes(checkpoint.path, checkpoint.weights, gan.state_dict())
        if checkpoint.step > data.steps:
            raise InvalidValueError("steps", data.steps, f"the checkpoint is at step {checkpoint.step} already")
    return Run(config, gan, data, checkpoint)


def train(config: DictConfig, folder: Path, overrides: list[str]) -> float | None:
    """Trains, measures and reports one run, everything it leaves in `folder`.

    Args:
        config: a composed and checked `conf/config.yaml`.
        folder: of the run.
        overrides: what the user typed, for the record.

    Returns:
        The metric that `optimized_metric` names, None where the run's evaluation has no such figure.
    """
    started = time.monotonic()
    with _failures_recorded(folder, config, overrides, started):
        run = prepare(config)
        run.gan.record = {"settings": settings(config), "overrides": overrides}
        found = _fit(run, folder)
        seconds = round(time.monotonic() - started, 3)
        result = Result("completed", run.gan.seed, run.data.steps, seconds, overrides, metrics=found.metrics)
        result.write(folder)
    _summarise(found, folder)
    metric = found.metrics.get(config.optimized_metric)
    return None if metric is None else float(metric)


def trainer(config: DictConfig, **ours: Any) -> pl.Trainer:
    """Lightning's Trainer on the device the config names.

    Raises:
        UsageError: for arguments it does not take, and devices this machine does not have.
    """
    ours |= {
        "max_steps": config.steps,
        "max_epochs": -1,
        "reload_dataloaders_every_n_epochs": 1,  # an epoch's blocks end at the next evaluation
        "num_sanity_val_steps": int(config.ckpt_path is None),  # the untrained generator is measured too: step 0
        "log_every_n_steps": 1,
        "plugins": [AtomicCheckpointIO()],
        "enable_model_summary": False,
    }
    for name in map(str, config.trainer):
        if name in ours:
            raise UsageError(f"trainer.{name}: is set by patterngan (steps, evaluate_every, logger, callbacks)")
        if name != "_target_" and name not in inspect.signature(pl.Trainer).parameters:
            raise UsageError(f"trainer.{name}: is no argument of Lightning's Trainer")
    _require_one_device(config.trainer.devices)
    if config.trainer.deterministic not in (True, False, "warn"):
        raise InvalidValueError("trainer.deterministic", config.trainer.deterministic, "must be true, false or warn")
    made = build(config, "trainer", accelerator=_accelerator(config.trainer.accelerator), **ours)
    assert isinstance(made, pl.Trainer)
    return made


def surroundings(config: DictConfig, folder: Path, **ours: Any) -> tuple[Logger | bool, list[pl.Callback]]:
    """The logger, which writes into `folder` once there is something to write, and the callbacks.

    Raises:
        UsageError: for what is not one.
    """
    logger = build(config, "logger", save_dir=folder, **ours) if config.get("logger") else False
    callbacks = [build(config, f"callbacks.{name}") for name in config.get("callbacks") or ()]
    for name, callback in zip(config.get("callbacks") or (), callbacks, strict=True):
        if not isinstance(callback, pl.Callback):
            raise UsageError(f"callbacks.{name}: is no Lightning callback")
    return logger, callbacks


def _fit(run: Run, folder: Path) -> Evaluation:
    step = 0 if run.checkpoint is None else run.checkpoint.step
    path = None if run.checkpoint is None else str(run.checkpoint.path)
    # Points that a killed run wrote after its last checkpoint are hidden: they will be written again.
    logger, callbacks = surroundings(run.config, folder, purge_step=step + 1 if run.checkpoint else None)
    lightning = trainer(run.config, default_root_dir=folder, logger=logger, callbacks=callbacks)
    try:
        if step < run.data.steps:
            lightning.fit(run.gan, run.data, ckpt_path=path, weights_only=True)
        else:
            lightning.validate(run.gan, run.data, ckpt_path=path, weights_only=True, verbose=False)
    except SystemExit:  # what Lightning makes of Ctrl-C
        _explain_interruption(folder)
        raise SystemExit(130) from None
    assert run.gan.latest is not None
    return run.gan.latest


@contextmanager
def _failures_recorded(folder: Path, config: DictConfig, overrides: list[str], started: float) -> Iterator[None]:
    """Writes result.json for a run that fails."""
    try:
        yield
    except Exception as error:
        step = error.step if isinstance(error, DivergedError) else 0
        seconds = round(time.monotonic() - started, 3)
        status: Status = "diverged" if isinstance(error, DivergedError) else "failed"
        Result(status, config.seed, step, seconds, overrides, error=str(error)).write(folder)
        log.error("%s", error)
        raise


def _checkpoint(path: object) -> Checkpoint:
    if not isinstance(path, str) or not path or not Path(path).exists():
        raise InvalidValueError("ckpt_path", path, "no such checkpoint file or run folder")
    try:
        return checkpoints.read(Path(path))
    except UsageError as error:
        raise UsageError(f"ckpt_path={error}") from error


def _accelerator(value: object) -> str:
    name = choice("trainer.accelerator", value, ("cpu", "gpu", "cuda", "auto"))
    if name in ("gpu", "cuda") and not torch.cuda.is_available():
        raise InvalidValueError("trainer.accelerator", name, "this machine has no CUDA GPU; use cpu")
    return "cpu" if name == "cpu" or not torch.cuda.is_available() else "cuda"


def _require_one_device(devices: object) -> None:
    count = len(devices) if isinstance(devices, list) or hasattr(devices, "__len__") else devices
    if count != 1 or isinstance(devices, str | bool):
        allowed = "one GAN fits one device: must be 1 or a list of one index; use -m to run many GANs"
        raise InvalidValueError("trainer.devices", devices, allowed)


def _explain_interruption(folder: Path) -> None:
    last = shown(folder / checkpoints.FOLDER / checkpoints.LAST)
    console = Console()
    if Path(last).is_file():
        say(console, f"interrupted; go on with: python train.py ckpt_path={shlex.quote(last)}")
    else:
        say(console, "interrupted before the first evaluation: there is no checkpoint to go on from")


def _summarise(found: Evaluation, folder: Path) -> None:
    console = Console()
    exact = "  exact: every noise vector was counted" if found.metrics["exact"] else ""
    say(console, "")
    say(console, f"result     {verdict(found.metrics)}{exact}")
    say(console, f"generated  {' '.join(map(str, found.integers))}")
    say(console, f"folder     {shown(folder)}")
    logs = "outputs" if Path("outputs").resolve() in folder.resolve().parents else shlex.quote(shown(folder))
    say(console, f"curves     tensorboard --logdir {logs}")
    say(console, f"integers   python scripts/generate.py {shlex.quote(shown(folder))} -n 10")
