"""From a config to the objects of a run: the GAN and its data.

Assembling is cheap and complete, so it doubles as the check of a config before a run folder exists.
"""

from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import nn

from patterngan import checkpoints
from patterngan.configs import (
    SETTINGS,
    SURROUNDINGS,
    build,
    build_generator,
    checked_integer,
    pattern_and_encoding,
    require_keys,
)
from patterngan.data import PatternData
from patterngan.encodings import Encoding
from patterngan.gan import GAN
from patterngan.noise import Noise
from patterngan.streams import seeded
from patterngan.trained import trusted
from patterngan.validation import UsageError, boolean


def assemble(config: DictConfig) -> tuple[GAN, PatternData]:
    """The GAN, initialised from the seed, and the data module of a config.

    Raises:
        UsageError: naming the key and the value that cannot be.
    """
    require_keys(config, (*SETTINGS, "capture"))
    unknown = set(map(str, config)) - {*SETTINGS, *SURROUNDINGS, "hydra"}
    if unknown:
        raise UsageError(f"{min(unknown)}: is no key; known are {', '.join(SETTINGS + SURROUNDINGS)}")
    seed = checked_integer(config, "seed", 0, 2**62)
    pattern, encoding = pattern_and_encoding(config)
    noise: Noise = build(config, "noise")
    generator, discriminator = networks(config, noise, encoding)
    data = build(
        config,
        "data",
        pattern=pattern,
        encoding=encoding,
        seed=seed,
        steps=checked_integer(config, "steps", 1, 10**12),
        evaluate_every=checked_integer(config, "evaluate_every", 1, 10**12),
    )
    gan = GAN(
        pattern,
        encoding,
        noise,
        generator,
        discriminator,
        objective=build(config, "objective"),
        update=build(config, "update"),
        generator_optimizer=build(config, "optimizer.generator"),
        discriminator_optimizer=build(config, "optimizer.discriminator"),
        batch_size=config.data.batch_size,  # which the data module has checked
        seed=seed,
        samples=checked_integer(config, "evaluation.samples", 1, 2**24),
        capture=boolean("capture", config.capture),
    )
    return gan, data


def networks(config: DictConfig, noise: Noise, encoding: Encoding) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator, with PyTorch's own initialisation drawn from the run's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeded(config.seed, "init").initial_seed())
        generator = build_generator(config, noise, encoding)
        return generator, build(config, "architecture.discriminator", inputs=encoding.width, outputs=1)


def load_gan(path: Path, samples: int | None = None) -> tuple[GAN, int]:
    """The GAN of a run folder or a checkpoint file, and the GAN step it is at.

    Args:
        path: a run folder (its last checkpoint is taken) or a checkpoint file.
        samples: how many integers an evaluation looks at; as in training where None.

    Raises:
        UsageError: if there is none, or the file is damaged, foreign or names code of its own.
    """
    checkpoint = checkpoints.read(path)
    config = trusted(checkpoint)
    config["capture"] = False  # nothing is trained
    config.evaluation.samples = samples or config.evaluation.samples
    gan, _ = assemble(config)
    checkpoints.require_same_shapes(checkpoint.path, checkpoint.weights, gan.state_dict())
    gan.load_state_dict(checkpoint.weights)
    return gan.eval(), checkpoint.step
