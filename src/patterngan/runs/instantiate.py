"""From a config's nodes to objects: Hydra's `instantiate`, with errors that name the key as the user types it."""

import inspect
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from pkgutil import resolve_name
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from patterngan.packages import packages
from patterngan.reporting.errors import known_keys, unknown_key
from patterngan.storage.settings import option_with
from patterngan.validation import InvalidValueError, UsageError

BUILDING_BLOCKS = ("patterngan.data.", "patterngan.gan.", "patterngan.training.datamodule.")
"""Where the functions and classes are defined that a loaded config may name."""

FOREIGN = {*sys.stdlib_module_names, "", "patterngan", "torch", "pytorch_lightning", "hydra", "omegaconf", "numpy"}
"""Modules that no run needs code of, so that an error does not offer to trust them."""


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
    unknown = re.search(r"unexpected keyword argument '(\w+)'", first_line)
    if unknown and (typed := f"{key}.{unknown[1]}") in known_keys():
        return UsageError(unknown_key(f"{typed}={OmegaConf.select(config, typed)}"))
    if cause.__cause__ is not None and (target := re.match("Error loading '(.*)':", first_line)):
        return UsageError(f"{key}: {target[1]} cannot be imported ({cause.__cause__})")
    return UsageError(f"{key}: {first_line.rstrip(':')}")


def build_offered(config: DictConfig, key: str, makes: Any = object, **offered: Any) -> Any:
    """As `build`, given those of the offered arguments that the target has parameters for."""
    node = OmegaConf.select(config, key)
    try:
        parameters = inspect.signature(resolve_name(str(node["_target_"]))).parameters
    except Exception:  # a package of somebody may raise anything while it is imported
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


def check_targets(node: object, trust: Collection[str] = ()) -> None:
    """Refuses a loaded config that names code which is neither patterngan's own nor an installed package's.

    Args:
        node: a part of the config.
        trust: the names of packages that the user trusts besides.

    Raises:
        UsageError: naming the first `_target_` of another place.
    """
    allowed = (*BUILDING_BLOCKS, *(f"{name}." for name in (*packages(), *trust)))
    for target in targets(node):
        if not target.startswith(allowed):
            raise UsageError(f"_target_={target}: a loaded config may only name {_may_name(target)}")
        try:
            module = getattr(resolve_name(target), "__module__", None)
        except Exception as error:  # a package of somebody may raise anything while it is imported
            raise UsageError(f"_target_={target}: cannot be imported ({error})") from error
        if not f"{module}.".startswith(allowed):  # merely imported there: `gan.heads.torch.…` leads out of the package
            raise UsageError(f"_target_={target}: a loaded config may only name functions where they are defined")


def targets(node: object) -> Iterator[str]:
    """Every `_target_` in a config of plain values."""
    for key, value in node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ():
        if key == "_target_":
            yield str(value)
        yield from targets(value)


def foreign_packages(settings: Mapping[str, Any]) -> list[str]:
    """The packages that settings name code of, and that are not installed as packages of patterngan."""
    known = ("patterngan.", *(f"{name}." for name in packages()))
    return sorted({target.partition(".")[0] for target in targets(settings) if not target.startswith(known)})


def _may_name(target: str) -> str:
    package = target.partition(".")[0]
    allowed = "functions of patterngan and of installed packages that declare themselves"
    return allowed if package in FOREIGN else f"{allowed}; if you trust {package}, add --trust {package}"
