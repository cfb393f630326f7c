"""From a config's nodes to objects: Hydra's `instantiate`, with errors that name the key as the user types it."""

import importlib
import inspect
import re
from collections.abc import Mapping
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from patterngan.storage.settings import option_with
from patterngan.validation import InvalidValueError, UsageError

BUILDING_BLOCKS = ("patterngan.data.", "patterngan.gan.", "patterngan.training.datamodule.")
"""Where the functions and classes are defined that a loaded config may name."""


def build(config: DictConfig, key: str, makes: Any = object, **given: Any) -> Any:
    """The object that the config under `key` describes by its `_target_`.

    Args:
        config: the whole config.
        key: of the part that describes the object.
        makes: the type that the object must have.
        given: arguments that the target gets in addition.

    Raises:
        UsageError: when the target refuses a value; the key is written as the user types it.
    """
    node = OmegaConf.select(config, key)
    if node is None:
        raise UsageError(f"{key}: is missing from the config")
    if not isinstance(node, DictConfig):
        raise InvalidValueError(key, node, "must be a section with a _target_")
    try:
        made = instantiate(node, **given)
    except (InstantiationException, OmegaConfBaseException) as error:
        raise refusal(config, key, error.__cause__ or error) from error
    if not isinstance(made, makes):
        raise UsageError(f"{key}: its _target_ {node.get('_target_')} makes no {makes.__name__}")
    return made


def refusal(config: DictConfig, key: str, cause: BaseException) -> UsageError:
    """What a user reads when the target under `key` could not be called, for this cause."""
    if isinstance(cause, InvalidValueError):
        invalid = cause if "." in cause.key else cause.within(key)  # a nested `build` has named the whole key
        return InvalidValueError(typed_key(config, invalid.key), invalid.value, invalid.allowed)
    if isinstance(cause, UsageError):
        return cause
    first_line, _, _ = str(cause).partition("\n")
    return UsageError(f"{key}: {first_line.rstrip(':')}")


def build_offered(config: DictConfig, key: str, makes: Any = object, **offered: Any) -> Any:
    """As `build`, given those of the offered arguments that the target has parameters for."""
    node = OmegaConf.select(config, key)
    try:
        parameters = inspect.signature(get_object(str(node["_target_"]))).parameters
    except (ImportError, KeyError, TypeError, ValueError):
        return build(config, key, makes)  # which says what is wrong
    return build(config, key, makes, **{name: value for name, value in offered.items() if name in parameters})


def option_name(config: DictConfig, key: str) -> str:
    """The option that was chosen for a group, or for a part of one; see `storage.settings.option_with`."""
    return option_with(f"{key}._target_", str(OmegaConf.select(config, f"{key}._target_")))


def typed_key(config: DictConfig, key: str) -> str:
    """The key that holds the value of `key`: `optimizer.generator.lr` is `${lr}`, so the user typed `lr`."""
    group, _, name = key.rpartition(".")
    parent = OmegaConf.select(config, group) if group else config
    if not isinstance(parent, DictConfig) or not OmegaConf.is_interpolation(parent, name):
        return key
    raw: Any = OmegaConf.to_container(parent, resolve=False)
    reference = re.fullmatch(r"\$\{(\w[\w.]*)\}", raw[name])
    return typed_key(config, reference[1]) if reference else key


def check_targets(node: object) -> None:
    """Refuses a loaded config if one of its `_target_` is not defined in `BUILDING_BLOCKS`."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "_target_" and not _is_building_block(value):
                raise UsageError(f"_target_={value}: a loaded config may only name functions of patterngan")
            check_targets(value)


def _is_building_block(target: object) -> bool:
    # Defined there and not merely imported: `patterngan.gan.heads.torch.…` must not reach out of the package.
    module, _, name = str(target).rpartition(".")
    if not str(target).startswith(BUILDING_BLOCKS):
        return False
    try:
        block = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return False
    return callable(block) and getattr(block, "__module__", None) == module
