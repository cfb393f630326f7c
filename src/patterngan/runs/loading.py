"""Trained GANs, read back from run folders and checkpoint files, whoever wrote those. Light until a GAN is loaded."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig
from torch import Tensor, nn

from patterngan.gan.sampler import Sampler
from patterngan.gan.schedules import move_schedules, progress_seen
from patterngan.reporting.choosing import run_in
from patterngan.runs.configs import assemble_sampler, require_keys
from patterngan.runs.instantiate import check_targets
from patterngan.storage.checkpoints import FOLDER, Checkpoint, read, require_fitting_weights
from patterngan.storage.settings import SAMPLER_SETTINGS, SETTINGS, TRAINING_GROUPS
from patterngan.validation import InvalidValueError, UsageError

if TYPE_CHECKING:
    from patterngan.training.module import GAN


def read_run(path: Path) -> Checkpoint:
    """The checkpoint of a run folder (its last one) or a file; the error for a folder of many runs names one of them.

    Raises:
        UsageError: see `checkpoints.read`.
    """
    try:
        return read(path)
    except UsageError as error:
        if path.is_dir() and not (path / FOLDER).exists() and (one := run_in(path)):
            raise UsageError(f"{path}: is no run's folder; {one}") from error
        raise


def load_sampler(path: Path, trust: Sequence[str] = ()) -> Sampler:
    """The trained generator of a run folder (its last checkpoint) or a checkpoint file, ready to sample.

    `trust`: packages that it may name code of, although they are not installed as packages of patterngan.

    Raises:
        UsageError: if there is none, or the file is damaged, foreign or names code of its own.
    """
    checkpoint = read_run(path)
    sampler = assemble_sampler(trusted_config(checkpoint, (*SAMPLER_SETTINGS, "steps"), trust))
    averaged = any(name.startswith("average.") for name in checkpoint.weights)
    kept = "average." if averaged else "generator."
    weights = {
        f"generator.{name.removeprefix(kept)}": value
        for name, value in checkpoint.weights.items()
        if name.startswith(kept)
    }
    _load_weights(sampler, checkpoint, weights)
    return sampler


def load_gan(path: Path, samples: int | None = None, trust: Sequence[str] = ()) -> tuple["GAN", int]:
    """The GAN of a run folder or a checkpoint file, and the GAN step it is at.

    Args:
        path: a run folder (its last checkpoint is taken) or a checkpoint file.
        samples: how many integers an evaluation looks at; as in training where None.
        trust: see `load_sampler`.

    Raises:
        UsageError: if there is none, or the file is damaged, foreign or names code of its own.
    """
    from patterngan.runs.assembly import assemble

    checkpoint = read_run(path)
    config = trusted_config(checkpoint, SETTINGS, trust)
    config["capture"] = False  # nothing is trained
    if samples is not None:
        config["evaluation"]["samples"] = samples
    gan, _ = assemble(config)
    _load_weights(gan, checkpoint, checkpoint.weights)
    return gan, checkpoint.step


def trusted_config(checkpoint: Checkpoint, keys: tuple[str, ...], trust: Sequence[str] = ()) -> DictConfig:
    """The settings of a checkpoint under these keys, once they name no code that is not trusted."""
    settings = {key: value for key, value in checkpoint.settings.items() if key in keys}
    try:
        check_targets(settings, trust)
        require_keys(settings, keys)
        for key in keys:
            if key in SAMPLER_SETTINGS + TRAINING_GROUPS and not isinstance(settings[key], dict):
                raise InvalidValueError(key, settings[key], "must be a section with a _target_")
    except UsageError as error:
        raise UsageError(f"{checkpoint.path}: {error}") from error
    return DictConfig(settings)


def _load_weights(module: nn.Module, checkpoint: Checkpoint, weights: dict[str, Tensor]) -> None:
    """Loads the weights, and moves schedules to where training left them."""
    require_fitting_weights(checkpoint.path, weights, module)
    module.load_state_dict(weights)
    move_schedules(module, progress_seen(checkpoint.step, checkpoint.settings["steps"]))
    module.eval()
