"""Reading configs: from the nodes a user can type to the objects they describe.

Free of Lightning, so that scripts that only sample from a generator start fast.
"""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import nn

from patterngan.encodings import Encoding
from patterngan.noise import Noise
from patterngan.patterns import Pattern
from patterngan.sampler import Sampler
from patterngan.validation import InvalidValueError, UsageError, integer

SETTINGS = (
    "seed",
    "lr",
    "steps",
    "batch_size",
    "evaluate_every",
    "pattern",
    "encoding",
    "noise",
    "head",
    "architecture",
    "objective",
    "update",
    "optimizer",
    "data",
    "evaluation",
)
"""The keys that decide what a run computes; they travel in its checkpoints."""

SAMPLER_SETTINGS = ("pattern", "encoding", "noise", "head", "architecture")
"""Those of them that a trained generator is rebuilt from."""

SURROUNDINGS = ("ckpt_path", "optimized_metric", "capture", "trainer", "logger", "callbacks")
"""The keys that decide where and how it is run and watched."""

BUILDING_BLOCKS = (
    "patterns",
    "encodings",
    "noise",
    "heads",
    "networks",
    "objectives",
    "updates",
    "optimizers",
    "data",
)
"""The modules whose own functions and classes a config may name."""


def settings(config: DictConfig) -> dict[str, Any]:
    """The `SETTINGS` of a config as plain values."""
    return {key: plain(config, key) for key in SETTINGS if key in config}


def plain(config: DictConfig, key: str) -> Any:
    """The value under a key, with its interpolations resolved, as plain values."""
    value = config[key]
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The settings one by one: dotted key, value."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def assemble_sampler(config: DictConfig) -> Sampler:
    """The generator's half of a config: what turns noise into integers. No discriminator is built."""
    _, encoding = pattern_and_encoding(config)
    noise: Noise = build(config, "noise")
    return Sampler(noise, build_generator(config, noise, encoding), encoding)


def build(config: DictConfig, key: str, **given: Any) -> Any:
    """The object that the config under `key` describes by its `_target_`.

    Raises:
        UsageError: when the target refuses a value; the key is written as the user would type it.
    """
    node = OmegaConf.select(config, key)
    if node is None:
        raise UsageError(f"{key}: is missing from the config")
    try:
        return instantiate(node, **given)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, InvalidValueError):
            invalid = cause.within(key)
            raise InvalidValueError(typed_key(config, invalid.key), invalid.value, invalid.allowed) from None
        raise UsageError(f"{key}: {cause or error}".splitlines()[0]) from error
    except OmegaConfBaseException as error:
        raise UsageError(f"{key}: {error}".splitlines()[0]) from error


def check_targets(node: object) -> None:
    """Refuses a stranger's config that names anything but this package's own building blocks.

    Raises:
        UsageError: for a `_target_` that is not defined in a module of patterngan.
    """
    if isinstance(node, list):
        node = dict(enumerate(node))
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "_target_" and not _is_ours(value):
                raise UsageError(f"_target_={value}: a loaded config may only name functions of patterngan")
            check_targets(value)


def _is_ours(target: object) -> bool:
    # Defined there and not merely imported: `patterngan.gan.torch.…` must not reach out of the package.
    package, _, name = str(target).rpartition(".")
    if package not in {f"patterngan.{module}" for module in BUILDING_BLOCKS}:
        return False
    found = getattr(importlib.import_module(package), name, None)
    return callable(found) and getattr(found, "__module__", None) == package


def require_keys(config: DictConfig, keys: tuple[str, ...]) -> None:
    """Checks that a config has these keys.

    Raises:
        UsageError: naming the first that it has not.
    """
    for key in keys:
        if key not in config:
            raise UsageError(f"{key}: is missing from the config")


def pattern_and_encoding(config: DictConfig) -> tuple[Pattern, Encoding]:
    """Both of a config, once it is known that every real integer has a code.

    Raises:
        UsageError: naming the value that cannot be.
    """
    pattern: Pattern = build(config, "pattern")
    encoding: Encoding = build(config, "encoding")
    if pattern.stop > encoding.capacity:
        raise InvalidValueError(
            typed_key(config, "pattern.stop"),
            pattern.stop,
            f"must be at most encoding.capacity={encoding.capacity}",
        )
    return pattern, encoding


def build_generator(config: DictConfig, noise: Noise, encoding: Encoding) -> nn.Module:
    """The generator from noise to codes: the architecture's network, then the head."""
    network = build(config, "architecture.generator", inputs=noise.dim, outputs=encoding.width)
    return nn.Sequential(network, build(config, "head"))


def checked_integer(config: DictConfig, key: str, low: int, high: int | None = None) -> int:
    """The integer that the config holds under `key`; see `validation.integer`."""
    return integer(typed_key(config, key), OmegaConf.select(config, key), low, high)


def typed_key(config: DictConfig, key: str) -> str:
    """The key that holds the value of `key`: `optimizer.generator.lr` is `${lr}`, so the user typed `lr`."""
    group, _, name = key.rpartition(".")
    parent = OmegaConf.select(config, group) if group else config
    if not isinstance(parent, DictConfig) or not OmegaConf.is_interpolation(parent, name):
        return key
    raw = OmegaConf.to_container(parent, resolve=False)
    assert isinstance(raw, dict)
    return typed_key(config, str(raw[name]).removeprefix("${").removesuffix("}"))
