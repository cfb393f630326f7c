"""From a config to the objects of a run: the GAN and its data.

Assembling is cheap and complete, so it doubles as the check of a config before a run folder exists.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
from patterngan.evaluator import Evaluator
from patterngan.gan import GAN
from patterngan.noise import Noise
from patterngan.objectives import Objective
from patterngan.optimizers import OptimizerFactory
from patterngan.patterns import Pattern
from patterngan.streams import Stream, seeded
from patterngan.trained import trusted
from patterngan.updates import Update
from patterngan.validation import UsageError, boolean


@dataclass(frozen=True)
class Blueprint:
    """All that a config says of a run, but for its seed: what the runs of a sweep over seeds share."""

    pattern: Pattern
    encoding: Encoding
    noise: Noise
    build_networks: Callable[[], tuple[nn.Module, nn.Module]]
    """New networks, with PyTorch's own initialisation from its global generator."""
    build_data: Callable[[int], PatternData]
    objective: Objective
    update: Update
    optimizers: tuple[OptimizerFactory, OptimizerFactory]
    batch_size: int
    samples: int
    capture: bool

    def gan(self, seed: int) -> GAN:
        """The GAN, initialised from the seed."""

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeded(seed, "init").initial_seed())
            generator, discriminator = self.build_networks()
        shape = self.update.draws, self.batch_size, self.noise.dim
        return GAN(
            generator,
            discriminator,
            self.objective,
            self.update,
            self.optimizers,
            noise_stream=Stream(self.noise.fill, shape, torch.float32, seed, "noise"),
            evaluator=Evaluator(self.pattern, self.encoding, self.noise, seed, self.samples),
            capture=self.capture,
        )


def checked_seed(config: DictConfig) -> int:
    """The seed of a config."""
    return checked_integer(config, "seed", 0, 2**62)


def blueprint(config: DictConfig) -> Blueprint:
    """What a config describes.

    Raises:
        UsageError: naming the key and the value that cannot be.
    """
    require_keys(config, (*SETTINGS, "capture"))
    unknown = set(map(str, config)) - {*SETTINGS, *SURROUNDINGS, "hydra"}
    if unknown:
        raise UsageError(f"{min(unknown)}: is no key; known are {', '.join(SETTINGS + SURROUNDINGS)}")
    pattern, encoding = pattern_and_encoding(config)
    noise: Noise = build(config, "noise")
    steps, evaluate_every = (checked_integer(config, key, 1, 10**12) for key in ("steps", "evaluate_every"))

    def data(seed: int) -> PatternData:
        truth = {"pattern": pattern, "encoding": encoding}
        made: PatternData = build(config, "data", **truth, seed=seed, steps=steps, evaluate_every=evaluate_every)
        return made

    def networks() -> tuple[nn.Module, nn.Module]:
        generator = build_generator(config, noise, encoding)
        return generator, build(config, "architecture.discriminator", inputs=encoding.width, outputs=1)

    return Blueprint(
        pattern,
        encoding,
        noise,
        networks,
        data,
        objective=build(config, "objective"),
        update=build(config, "update"),
        optimizers=(build(config, "optimizer.generator"), build(config, "optimizer.discriminator")),
        batch_size=data(0).batch_size,
        samples=checked_integer(config, "evaluation.samples", 1, 2**24),
        capture=boolean("capture", config.capture),
    )


def assemble(config: DictConfig) -> tuple[GAN, PatternData]:
    """The GAN, initialised from the seed, and the data module of a config.

    Raises:
        UsageError: naming the key and the value that cannot be.
    """
    described = blueprint(config)
    seed = checked_seed(config)
    return described.gan(seed), described.build_data(seed)


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
