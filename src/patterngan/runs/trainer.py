"""Lightning's Trainer of a run, with the callbacks that its config names."""

import copy
import logging
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig, ListConfig, open_dict
from pytorch_lightning.callbacks import Checkpoint, ModelCheckpoint, ProgressBar
from pytorch_lightning.plugins import Precision

from patterngan.runs.instantiate import build
from patterngan.runs.trainer_arguments import accelerator, check_arguments
from patterngan.storage.checkpoints import BEST, FOLDER, LAST
from patterngan.training.checkpointing import AtomicCheckpointIO, EvaluationCheckpoint
from patterngan.validation import InvalidValueError, UsageError


def _is_for_the_user(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or "callbacks" in Path(record.pathname).parts


# Lightning lists every device that it looked for, and what else could be installed; callbacks say what they did.
logging.getLogger("pytorch_lightning.utilities.rank_zero").addFilter(_is_for_the_user)
# Lightning 2.6 meets torch's newer pytrees; nothing a user can act on.
warnings.filterwarnings("ignore", r".*treespec, LeafSpec.*is deprecated", FutureWarning)
# It takes blocks for steps, and the folder of a run that goes on for one that a checkpoint should not be put in.
warnings.filterwarnings("ignore", r"The number of training batches .* is smaller than the logging interval")
warnings.filterwarnings("ignore", r"Using ModelCheckpoint with manual optimization and every_n_train_steps")
warnings.filterwarnings("ignore", rf"Checkpoint directory .*{FOLDER} exists and is not empty")


def build_trainer(config: DictConfig, **given: Any) -> pl.Trainer:
    """Lightning's Trainer on the device that the config names; `given`: further arguments of `pl.Trainer`.

    Raises:
        UsageError: for arguments that are not the user's to choose, values that Lightning does not take, and devices
            that this machine does not have.
    """
    check_arguments(config)
    bars = [callback for callback in given.get("callbacks", ()) if isinstance(callback, ProgressBar)]
    defaults = {"enable_model_summary": False, "enable_progress_bar": bool(bars)}
    ours = {
        "accelerator": accelerator(config.trainer.accelerator),
        "max_steps": config.steps,
        "max_epochs": -(-config.steps // config.evaluate_every),  # there are fewer where a run goes on
        "max_time": duration(config.trainer.get("max_time")),
        "reload_dataloaders_every_n_epochs": 1,  # an epoch's blocks end at the next evaluation
        "plugins": [*build_plugins(config), AtomicCheckpointIO(Path(given.get("default_root_dir", "")).absolute())],
    }
    given = {name: value for name, value in defaults.items() if name not in config.trainer} | ours | given
    try:
        trainer: pl.Trainer = build(config, "trainer", pl.Trainer, _convert_="all", **given)
    except UsageError as error:
        raise _naming_the_argument(config, error, given) from error
    return trainer


def _naming_the_argument(config: DictConfig, error: UsageError, given: dict[str, Any]) -> UsageError:
    """The error, with the argument that it is about: the one without which Lightning makes a Trainer."""
    for name in config.trainer.keys() - {"_target_"}:
        others = copy.deepcopy(config)
        with open_dict(others):
            value = others.trainer.pop(name)
        try:
            build(others, "trainer", pl.Trainer, _convert_="all", **given | {name: None} if name in given else given)
        except UsageError:
            continue
        return InvalidValueError(f"trainer.{name}", value, str(error).removeprefix("trainer: "))
    return error


def duration(value: Any) -> Any:
    """The longest time of training as Lightning takes it, DD:HH:MM:SS; the days may be left out."""
    return f"00:{value}" if isinstance(value, str) and value.count(":") == 2 else value


def build_plugins(config: DictConfig) -> list[Any]:
    """The plugins that a config names in a list, or the one."""
    nodes = config.trainer.get("plugins")
    keys = [f"[{index}]" for index in range(len(nodes))] if isinstance(nodes, ListConfig) else [""] * bool(nodes)
    plugins = [build(config, f"trainer.plugins{key}") for key in keys]
    if any(isinstance(plugin, Precision) for plugin in plugins):
        raise UsageError("trainer.plugins: may hold no precision; use trainer.precision")
    return plugins


def build_callbacks(config: DictConfig) -> list[pl.Callback]:
    """The callbacks that a config names, without those that its Trainer switches off.

    Raises:
        UsageError: also where two of them would draw one bar, or write one file.
    """
    callbacks = {name: build(config, f"callbacks.{name}", pl.Callback) for name in config.get("callbacks") or ()}
    off: list[type] = [] if config.trainer.get("enable_progress_bar", True) else [ProgressBar]
    off += [EvaluationCheckpoint] if config.trainer.get("fast_dev_run") else []
    callbacks = {name: callback for name, callback in callbacks.items() if not isinstance(callback, tuple(off))}
    _require_apart(callbacks)
    return list(callbacks.values())


def _require_apart(callbacks: dict[str, pl.Callback]) -> None:
    bars = [name for name, callback in callbacks.items() if isinstance(callback, ProgressBar)]
    if len(bars) > 1:
        raise UsageError(f"callbacks.{bars[1]}: a run has one progress bar; add ~callbacks.{bars[0]}")
    ours = [name for name, callback in callbacks.items() if isinstance(callback, EvaluationCheckpoint)]
    for name, callback in callbacks.items():
        filename = getattr(callback, "filename", None) if isinstance(callback, Checkpoint) else None
        if ours and f"{filename}.ckpt" in (LAST, BEST):
            raise InvalidValueError(f"callbacks.{name}.filename", filename, f"callbacks.{ours[0]} writes this file")


def place_checkpoints(callbacks: list[pl.Callback], folder: Path) -> None:
    """Lets each ModelCheckpoint without a folder write where the run's checkpoints are, whichever loggers there are."""
    for callback in callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
            callback.dirpath = str(folder / FOLDER)


@contextmanager
def lightning_errors() -> Iterator[None]:
    """Around training: what Lightning refuses becomes a line, such as a monitored metric that no evaluation has.

    Raises:
        UsageError: for an error that was raised in Lightning itself.
    """
    try:
        yield
    except (UsageError, OSError):
        raise
    except Exception as error:  # Lightning raises many kinds
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        module = str(frame.f_globals["__name__"])
        if not module.startswith("pytorch_lightning."):
            raise
        key = "callbacks" if module.startswith("pytorch_lightning.callbacks.") else "trainer"
        raise UsageError(f"{key}: {' '.join(str(error).split())}") from error
