"""The generator's half of a config: pattern, encoding, noise and generator; and which keys a config has.

Free of Lightning, so that scripts that only sample from a generator start fast.
"""

import warnings
from collections.abc import Container, Iterable
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import nn

from patterngan.data.encodings import Encoding
from patterngan.data.holdout import with_holdout
from patterngan.data.patterns import Pattern
from patterngan.gan.generators import AutoregressiveNetwork, Generator, generator
from patterngan.gan.growing import GrowingNetwork
from patterngan.gan.heads import Head
from patterngan.gan.noise import Joined, Length, Noise, Uniform
from patterngan.gan.sampler import Sampler
from patterngan.runs.instantiate import build, build_offered, option_name, refusal, typed_key
from patterngan.storage.settings import RUNTIME_KEYS, SETTINGS, leaves
from patterngan.validation import InvalidValueError, UsageError, integer


def assemble_sampler(config: DictConfig) -> Sampler:
    """The generator's half of a config: what turns noise into integers. No discriminator is built."""
    _, encoding = pattern_and_encoding(config)
    generator, noise = build_generator(config, encoding)
    return Sampler(noise, generator, encoding)


def require_known_keys(config: DictConfig) -> None:
    """Checks that a config has the keys of a run and no others, and that no value is left to be typed."""
    require_keys(config, (*SETTINGS, "capture"))
    values: Any = OmegaConf.to_container(config, resolve=False)
    values.pop("hydra", None)
    if unknown := values.keys() - {*SETTINGS, *RUNTIME_KEYS}:
        raise UsageError(f"{min(unknown)}: is no key; known are {', '.join(SETTINGS + RUNTIME_KEYS)}")
    for key, value in leaves(values):
        if value == "???":
            raise InvalidValueError(key, value, "must be typed")


def require_keys(config: Container[str], keys: Iterable[str]) -> None:
    """Checks that a config has these keys."""
    for key in keys:
        if key not in config:
            raise UsageError(f"{key}: is missing from the config")


def pattern_and_encoding(config: DictConfig) -> tuple[Pattern, Encoding]:
    """The pattern and the encoding of a config, once it is known that every real integer has a code."""
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
        try:
            settings: Any = OmegaConf.to_container(config.pattern, resolve=True)
            holdout = {key: settings.pop(key) for key in ("holdout", "holdout_seed", "shown") if key in settings}
            pattern: Pattern = build(DictConfig({"pattern": settings}), "pattern", Pattern)
            return with_holdout(pattern, **holdout)
        except (InvalidValueError, OmegaConfBaseException) as error:
            raise refusal(config, "pattern", error) from None


def remark(config: DictConfig, pattern: Pattern) -> str | None:
    """What a user should know of a config that is right: nearly every GAN learns a pattern of one integer.

    `pattern`: that of the config; to build it can take a second, where integers are held out.
    """
    if pattern.size > 1:
        return None
    typed = f"pattern.k={config.pattern.k}" if "k" in config.pattern else f"pattern={option_name(config, 'pattern')}"
    (only,) = pattern.member(torch.zeros(1, dtype=torch.long)).tolist()
    return f"{typed}: holds one integer alone, {only}; its figures do not compare with those of other patterns"


def build_noise(config: DictConfig, head: Head, encoding: Encoding) -> tuple[int, Noise]:
    """How much noise the generator's network reads, and the law of all noise, the head's included."""
    latent: Noise = build(config, "noise", Noise)
    if has_lengths(encoding):
        if latent.dim or not head.draws:
            raise UsageError("encoding.lengths=all: needs noise=none and a head that draws, the length is what G reads")
        latent = Length(len(encoding.symbols))
    if not head.draws:
        if latent.dim == 0:
            name = option_name(config, "head")
            raise UsageError(f"noise=none: head={name} draws nothing itself, so that there would be one code alone")
        return latent.dim, latent
    return latent.dim, Joined(latent, Uniform(encoding.width))


def has_lengths(encoding: Encoding) -> bool:
    """Whether codes have lengths of their own."""
    return getattr(encoding, "lengths", "full") == "all"


def build_generator(config: DictConfig, encoding: Encoding) -> tuple[Generator, Noise]:
    """The generator from noise to codes, the architecture's network with the head, and the law of its noise."""
    head: Head = build(config, "head", Head)
    latent, noise = build_noise(config, head, encoding)
    with warnings.catch_warnings():  # of a layer that reads nothing, which is refused below
        warnings.filterwarnings("ignore", "Initializing zero-element tensors is a no-op", UserWarning)
        network = build_offered(
            config, "architecture.generator", nn.Module, inputs=latent, outputs=encoding.width, symbols=encoding.symbols
        )
    if isinstance(network, GrowingNetwork) and latent and not has_lengths(encoding):
        name = option_name(config, "noise")
        raise UsageError(f"noise={name}: a generator of codes of any length reads none; use noise=none")
    if has_lengths(encoding) and not isinstance(network, GrowingNetwork):
        name = option_name(config, "architecture.generator")
        raise UsageError(f"encoding.lengths=all: {name} makes codes of one length; use architecture=automaton")
    if latent == 0 and not isinstance(network, AutoregressiveNetwork):
        name = option_name(config, "architecture.generator")
        raise UsageError(f"noise=none: the generator {name} must have noise to read; use gaussian or bits")
    return generator(network, head, latent, encoding.symbols), noise


def checked_integer(config: DictConfig, key: str, low: int, high: int | None = None) -> int:
    """The integer that the config holds under `key`; see `validation.integer`."""
    return integer(typed_key(config, key), OmegaConf.select(config, key), low, high)
