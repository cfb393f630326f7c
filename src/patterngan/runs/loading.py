"""Trained GANs, read back from run folders and checkpoint files, whoever wrote those."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from patterngan.gan.sampler import Sampler
from patterngan.gan.schedules import move_schedules, progress_seen
from patterngan.runs.configs import SAMPLER_SETTINGS, SETTINGS, assemble_sampler, check_targets
from patterngan.storage import checkpoints
from patterngan.validation import UsageError, integer


def load_sampler(path: Path) -> Sampler:
    """The trained generator of a run folder (its last checkpoint) or a checkpoint file, ready to sample.

    Raises:
        UsageError: if there is none, or the file is damaged, foreign or names code of its own.
    """
    checkpoint = checkpoints.read(path)
    config = trusted(checkpoint, SAMPLER_SETTINGS)
    averaged = any(name.startswith("average.") for name in checkpoint.weights)
    kept = "average." if averaged else "generator."
    weights = {
        f"generator.{name.removeprefix(kept)}": value
        for name, value in checkpoint.weights.items()
        if name.startswith(kept)
    }
    with described_by(checkpoint):
        with torch.device("meta"):
            checkpoints.require_same_shapes(checkpoint.path, weights, assemble_sampler(config).state_dict())
        sampler = assemble_sampler(config)
        checkpoints.require_finite(checkpoint.path, weights, sampler)
        sampler.load_state_dict(weights)
        move_schedules(sampler, progress_seen(checkpoint.step, integer("steps", checkpoint.settings.get("steps"), 1)))
    return sampler.eval()


@contextmanager
def described_by(checkpoint: checkpoints.Checkpoint) -> Iterator[None]:
    """Around the making of what a checkpoint's settings describe, which may be anything.

    Networks are measured on PyTorch's meta device first: a stranger's may be larger than any memory.

    Raises:
        UsageError: if it cannot be made.
    """
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{checkpoint.path}: its settings describe no GAN ({type(error).__name__})") from error


SINCE: dict[str, Any] = {
    "discriminator": {"_target_": "patterngan.gan.discriminators.discriminator"},
    "penalty": {},
}
"""What the settings of older checkpoints lack, with the values that change nothing."""


def trusted(checkpoint: checkpoints.Checkpoint, keys: tuple[str, ...] = SETTINGS) -> DictConfig:
    """A checkpoint's config, once it is known to name nothing but patterngan's own building blocks.

    Raises:
        UsageError: naming what is missing or not ours.
    """
    saved = SINCE | checkpoint.settings
    plain = {key: saved[key] for key in keys if key in saved}
    if missing := [key for key in keys if key not in plain]:
        raise UsageError(f"{checkpoint.path}: its settings lack {', '.join(missing)}")
    try:
        check_targets(plain)
    except UsageError as error:
        raise UsageError(f"{checkpoint.path}: {error}") from error
    return DictConfig(plain)


def random_source(seed: int | None) -> torch.Generator:
    """A generator of random numbers: repeatable with a seed, different every time without."""
    source = torch.Generator()
    if seed is None:
        source.seed()
        return source
    return source.manual_seed(seed)
