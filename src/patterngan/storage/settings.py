"""Settings: the keys of a config that decide what a run computes, as plain values."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationResolutionError

from patterngan.packages import option_files

SAMPLER_SETTINGS = ("pattern", "encoding", "noise", "head", "architecture")
"""The groups that a trained generator is rebuilt from."""

TRAINING_GROUPS = ("discriminator", "objective", "penalty", "update", "optimizer", "data", "evaluation")

SETTINGS = ("seed", "lr", "steps", "batch_size", "evaluate_every", *SAMPLER_SETTINGS, *TRAINING_GROUPS)
"""The keys that decide what a run computes; they travel in its checkpoints."""

RUNTIME_KEYS = ("ckpt_path", "optimized_metric", "capture", "trainer", "logger", "callbacks")
"""The keys that decide where and how a run is trained and watched."""


def settings(config: DictConfig) -> dict[str, Any]:
    """The `SETTINGS` of a config as plain values."""
    return {key: plain(config, key) for key in SETTINGS if key in config}


def plain(config: DictConfig, key: str) -> Any:
    """The value under a key, with its interpolations resolved, as plain values."""
    value = config[key]
    if not OmegaConf.is_config(value):
        return value
    try:
        return OmegaConf.to_container(value, resolve=True)
    except InterpolationResolutionError:  # the check of the config says what is wrong
        return OmegaConf.to_container(value, resolve=False)


def leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The settings one by one: dotted key, value."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@lru_cache
def option_with(key: str, target: str) -> str:
    """The option whose file has `target` under `key`, such as objective._target_; else the target's own name."""
    group, _, name = key.partition(".")
    for file in option_files(group):
        if OmegaConf.select(OmegaConf.load(file), name) == target:
            return file.stem
    return target.rpartition(".")[2]
