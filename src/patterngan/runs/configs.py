"""Reading configs: from the nodes a user can type to the objects they describe.

Free of Lightning, so that scripts that only sample from a generator start fast.
"""

import importlib
import inspect
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException
from torch import nn

from patterngan.data.encodings import Encoding
from patterngan.data.patterns import HeldOut, Pattern
from patterngan.gan.generators import Generator, Writer, generator
from patterngan.gan.heads import Head
from patterngan.gan.noise import Joined, Noise, Uniform
from patterngan.gan.sampler import Sampler
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
    "discriminator",
    "objective",
    "penalty",
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
    "data.patterns",
    "data.encodings",
    "gan.noise",
    "gan.heads",
    "gan.networks",
    "gan.recurrent",
    "gan.discriminators",
    "gan.objectives",
    "gan.penalties",
    "gan.updates",
    "gan.optimizers",
    "training.datamodule",
)
"""The modules whose own functions and classes a config may name."""


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


def targets(node: Any) -> dict[str, Any]:
    """What a group's config names by `_target_`, wherever in it."""
    values: Any = OmegaConf.to_container(node, resolve=False) if OmegaConf.is_config(node) else node
    return {key: value for key, value in leaves(values) if key.endswith("_target_")}


def assemble_sampler(config: DictConfig) -> Sampler:
    """The generator's half of a config: what turns noise into integers. No discriminator is built."""
    _, encoding = pattern_and_encoding(config)
    generator, noise = build_generator(config, encoding)
    return Sampler(noise, generator, encoding)


def build(config: DictConfig, key: str, makes: Any = object, omitted: Collection[str] = (), **given: Any) -> Any:
    """The object that the config under `key` describes by its `_target_`, but for the keys that are omitted.

    Args:
        config: the whole.
        key: of its part.
        makes: the type that the object must have.
        omitted: keys that the target does not get.
        given: what it gets in addition.

    Raises:
        UsageError: when the target refuses a value; the key is written as the user would type it.
    """
    node = OmegaConf.select(config, key)
    if node is None:
        raise UsageError(f"{key}: is missing from the config")
    if not isinstance(node, DictConfig):
        raise InvalidValueError(key, node, "must be a section with a _target_")
    made = _instantiated(config, key, node, omitted, given)
    if not isinstance(made, makes):
        raise UsageError(f"{key}: its _target_ {node.get('_target_')} makes no {makes.__name__}")
    return made


def _instantiated(
    config: DictConfig, key: str, node: Any, omitted: Collection[str], given: Mapping[str, Any]
) -> object:
    try:
        if omitted:
            resolved: Any = OmegaConf.to_container(node, resolve=True)
            node = {name: value for name, value in resolved.items() if name not in omitted}
        return instantiate(node, **given)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, InvalidValueError):
            invalid = cause if "." in cause.key else cause.within(key)  # it was told by a `build` within
            raise InvalidValueError(typed_key(config, invalid.key), invalid.value, invalid.allowed) from None
        if isinstance(cause, UsageError):
            raise cause from None
        raise UsageError(f"{key}: {_reason(cause or error)}") from error
    except OmegaConfBaseException as error:
        raise UsageError(f"{key}: {error}".splitlines()[0]) from error


def _reason(error: BaseException) -> str:
    """The first sentence of what Hydra, or the target, says: some break their lines within it."""
    return re.split(r"(?<=\.)\s|(?<=\.)$|:?\n(?=[A-Z])|\nfull_key", str(error))[0].replace("\n", " ")


def build_offered(config: DictConfig, key: str, makes: Any = object, **offered: Any) -> Any:
    """As `build`, given those of the offered arguments that the target has parameters for."""
    node = OmegaConf.select(config, key)
    taken = {name: value for name, value in offered.items() if name in _parameters(node)}
    return build(config, key, makes, **taken)


def _parameters(node: Any) -> Collection[str]:
    try:
        return inspect.signature(get_object(str(node["_target_"]))).parameters
    except (ImportError, KeyError, TypeError, ValueError):
        return ()  # `build` says what is wrong


def target_name(config: DictConfig, key: str) -> str:
    """The name of the function that a group's choice calls."""
    return str(OmegaConf.select(config, f"{key}._target_")).rpartition(".")[2]


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
    # Defined there and not merely imported: `patterngan.training.module.torch.…` must not reach out of the package.
    package, _, name = str(target).rpartition(".")
    if package not in {f"patterngan.{module}" for module in BUILDING_BLOCKS}:
        return False
    found = getattr(importlib.import_module(package), name, None)
    return callable(found) and getattr(found, "__module__", None) == package


def require_typed(config: DictConfig) -> None:
    """Checks that nothing is left that must be typed.

    Raises:
        InvalidValueError: naming a key that holds ???.
    """
    for key in _untyped(config):
        raise InvalidValueError(key, "???", "must be typed")


def _untyped(config: DictConfig) -> Iterator[str]:
    for key in map(str, config):
        if OmegaConf.is_missing(config, key):
            yield key
        elif key != "hydra" and not OmegaConf.is_interpolation(config, key) and OmegaConf.is_dict(config[key]):
            raw: Any = OmegaConf.to_container(config[key], resolve=False)
            yield from (name for name, value in leaves(raw, f"{key}.") if value == "???")


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
    pattern = build_pattern(config)
    if "k" in config.encoding and OmegaConf.is_interpolation(config.encoding, "k") and "k" not in config.pattern:
        raise UsageError("encoding.k: the pattern has no modulus to take; type one, such as encoding.k=10")
    encoding: Encoding = build(config, "encoding", Encoding)
    if pattern.stop > encoding.capacity:
        allowed = f"must be at most encoding.capacity={encoding.capacity}"
        if "stop" in config.pattern:
            raise InvalidValueError(typed_key(config, "pattern.stop"), config.pattern.stop, allowed)
        raise UsageError(f"pattern: its integers are below {pattern.stop}, which {allowed}")
    return pattern, encoding


def build_pattern(config: DictConfig) -> Pattern:
    """The pattern of a config, with what of it is held out."""
    with torch.device("cpu"):  # its integers are looked at, also where networks are measured without being made
        return _build_pattern(config)


def _build_pattern(config: DictConfig) -> Pattern:
    pattern: Pattern = build(config, "pattern", Pattern, omitted=("holdout",))
    holdout = config.pattern.get("holdout", 0)
    if holdout == 0 and not isinstance(holdout, bool):
        return pattern
    try:
        return HeldOut(pattern, holdout)
    except InvalidValueError as error:
        raise error.within("pattern") from None


def build_noise(config: DictConfig, head: Head, encoding: Encoding) -> tuple[int, Noise]:
    """How much noise the generator's network reads, and the law of all noise, the head's included.

    Raises:
        UsageError: if there is none at all.
    """
    latent: Noise = build(config, "noise", Noise)
    if not head.draws:
        if latent.dim == 0:
            name = target_name(config, "head")
            raise UsageError(f"noise=none: head={name} draws nothing itself, so that there would be one code alone")
        return latent.dim, latent
    return latent.dim, Joined(latent, Uniform(encoding.width)) if latent.dim else Uniform(encoding.width)


def build_generator(config: DictConfig, encoding: Encoding) -> tuple[Generator, Noise]:
    """The generator from noise to codes, the architecture's network with the head, and the law of its noise.

    Raises:
        UsageError: naming what does not go together.
    """
    head: Head = build(config, "head", Head)
    latent, noise = build_noise(config, head, encoding)
    with warnings.catch_warnings():  # of a layer that reads nothing, which is refused below
        warnings.filterwarnings("ignore", "Initializing zero-element tensors is a no-op", UserWarning)
        network = build_offered(
            config, "architecture.generator", nn.Module, inputs=latent, outputs=encoding.width, symbols=encoding.symbols
        )
    if latent == 0 and not isinstance(network, Writer):
        name = target_name(config, "architecture.generator")
        raise UsageError(f"noise=none: the generator {name} must have noise to read; use gaussian or bits")
    return generator(network, head, latent, encoding.symbols), noise


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
    found = re.fullmatch(r"\$\{(\w[\w.]*)\}", str(raw[name]))
    return typed_key(config, found[1]) if found and OmegaConf.select(config, found[1]) is not None else key
