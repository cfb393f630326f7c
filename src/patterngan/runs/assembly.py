"""From a config to the objects of a run: the GAN and its data.

Assembling is cheap and complete, so it doubles as the check of a config before a run folder exists.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from patterngan.data.encodings import Encoding
from patterngan.data.patterns import Pattern
from patterngan.data.streams import Fill, Stream, seeded
from patterngan.evaluation.evaluator import Evaluator
from patterngan.gan.discriminators import compared
from patterngan.gan.generators import Generator
from patterngan.gan.heads import Symbols, uniform_codes
from patterngan.gan.noise import Gaussian, Noise, Shared, Uniform
from patterngan.gan.objectives import BoundarySeeking, Objective, Separable
from patterngan.gan.optimizers import OptimizerFactory
from patterngan.gan.penalties import Penalty, mixing
from patterngan.gan.schedules import move_schedules, progress_seen
from patterngan.gan.updates import Alternating, Update
from patterngan.runs.configs import (
    SETTINGS,
    SURROUNDINGS,
    build,
    build_generator,
    build_offered,
    checked_integer,
    pattern_and_encoding,
    require_keys,
    require_typed,
    target_name,
    typed_key,
)
from patterngan.runs.loading import described_by, trusted
from patterngan.runs.memory import COPIES, Demand, demand, free_bytes
from patterngan.storage import checkpoints
from patterngan.training.datamodule import PatternData
from patterngan.training.module import GAN
from patterngan.validation import InvalidValueError, UsageError, boolean, number

Rules = tuple[Objective, nn.ModuleList, Update]
"""The objective, the penalties and the update."""


@dataclass(frozen=True)
class Blueprint:
    """All that a config says of a run, but for its seed: what the runs of a sweep over seeds share."""

    pattern: Pattern
    encoding: Encoding
    noise: Noise
    build_networks: Callable[[], tuple[Generator, nn.Module]]
    """New networks, with PyTorch's own initialisation from its global generator."""
    build_data: Callable[[int], PatternData]
    rules: Rules
    needs: "dict[str, Need]"
    """What a step reads of each stream of random numbers."""
    optimizers: tuple[OptimizerFactory, OptimizerFactory]
    batch_size: int
    steps: int
    samples: int
    compared: int
    """How many codes D compares with each other."""
    capture: bool
    demand: Demand

    def gan(self, seed: int) -> GAN:
        """The GAN, initialised from the seed."""

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeded(seed, "init").initial_seed())
            generator, discriminator = self.build_networks()
        objective, penalties, update = copy.deepcopy(self.rules)
        return GAN(
            generator,
            discriminator,
            objective,
            penalties,
            update,
            self.optimizers,
            streams={
                name: Stream(need.fill, need.shape, torch.float32, seed, name) for name, need in self.needs.items()
            },
            evaluator=Evaluator(self.pattern, self.encoding, self.noise, seed, self.samples, self.compared),
            steps=self.steps,
            capture=self.capture,
        )


class Need(NamedTuple):
    """Random numbers that a GAN step reads."""

    fill: Fill
    shape: tuple[int, ...]


def needs(rules: Rules, noise: Noise, latent: int, symbols: Symbols, batch_size: int) -> dict[str, Need]:
    """The random numbers that a step reads; the generator's network reads `latent` of its noise."""
    (objective, penalties, update), width = rules, sum(symbols)
    found: dict[str, Need] = {}
    if isinstance(objective, BoundarySeeking):
        noise = Shared(noise, latent, objective.samples)
        if objective.explored:
            count = batch_size // objective.samples * objective.explored
            found["proposals"] = Need(partial(uniform_codes, symbols=symbols), (update.draws, count, width))
    if mixing(penalties):
        found["mixing"] = Need(Uniform(1).fill, (update.discriminator_steps, batch_size, 1))
    if update.instance_noise is not None:
        looks = update.looks + update.discriminator_steps * mixing(penalties)
        found["blur"] = Need(Gaussian(width).fill, (looks, batch_size, width))
    return {"noise": Need(noise.fill, (update.draws, batch_size, noise.dim)), **found}


def optimizers(config: DictConfig) -> tuple[OptimizerFactory, OptimizerFactory]:
    """What makes G's optimizer, and D's.

    Raises:
        UsageError: naming the key and the value that cannot be.
    """
    return build(config, "optimizer.generator", Callable), build(config, "optimizer.discriminator", Callable)


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
    require_typed(config)
    pattern, encoding = pattern_and_encoding(config)
    steps, evaluate_every = (checked_integer(config, key, 1, 10**12) for key in ("steps", "evaluate_every"))
    number("lr", config.lr, 0, open_low=True)  # here, as others refer to it
    checked_integer(config, "batch_size", 1, 2**20)
    batch_size = checked_integer(config, "data.batch_size", 1, 2**20)
    objective: Objective = build_offered(
        config, "objective", Objective, symbols=encoding.symbols, batch_size=batch_size
    )
    penalties = nn.ModuleList(build(config, f"penalty.{name}", Penalty) for name in config.penalty or ())
    update: Update = build(config, "update", Update)

    def data(seed: int) -> PatternData:
        truth: dict[str, Any] = {"pattern": pattern, "encoding": encoding, "batches": update.discriminator_steps}
        made: PatternData = build(
            config, "data", PatternData, **truth, seed=seed, steps=steps, evaluate_every=evaluate_every
        )
        return made

    def network(symbols: Symbols) -> nn.Module:
        sizes = {"inputs": sum(symbols), "outputs": 1, "symbols": symbols}
        made: nn.Module = build_offered(config, "architecture.discriminator", nn.Module, **sizes)
        return made

    def build_discriminator() -> nn.Module:
        options: dict[str, Any] = {"network": network, "symbols": encoding.symbols, "batch_size": batch_size}
        made: nn.Module = build(config, "discriminator", nn.Module, **options)
        return made

    def networks() -> tuple[Generator, nn.Module]:
        return build_generator(config, encoding)[0], build_discriminator()

    def draft() -> tuple[tuple[Generator, Noise], nn.Module]:
        with torch.random.fork_rng(devices=[]):  # these weights are thrown away
            return build_generator(config, encoding), build_discriminator()

    try:
        with torch.device("meta"):  # shapes without weights: they may be too many
            (generator, noise), discriminator = draft()
    except UsageError:  # said again, if it is not of a network that computes while it is made
        (generator, noise), discriminator = draft()
    rules = objective, penalties, update
    require_matching(config, (generator, discriminator), rules)
    data(0)  # for its errors
    samples = checked_integer(config, "evaluation.samples", 1, 2**24)
    read = needs(rules, noise, generator.latent, encoding.symbols, batch_size)
    averaged = [] if update.ema is None else list(generator.parameters())
    needed = demand(
        [*averaged, *generator.parameters(), *discriminator.parameters()],
        [need.shape for need in read.values()],
        (update.draws * batch_size, update.discriminator_steps * batch_size),
        samples if (every := noise.enumerate(torch.device("cpu"))) is None else len(every),
        (noise.dim, encoding.width),
    )
    return Blueprint(
        pattern,
        encoding,
        noise,
        networks,
        data,
        rules,
        read,
        optimizers=optimizers(config),
        batch_size=batch_size,
        steps=steps,
        samples=samples,
        compared=compared(discriminator),
        capture=boolean("capture", config.capture),
        demand=needed,
    )


def require_memory(config: DictConfig, needed: Demand, device: str = "cpu") -> None:
    """Refuses what a device has no memory for, before it takes any.

    Raises:
        UsageError: naming what takes most.
    """
    free = free_bytes(device)
    if sum(needed) <= free:
        return
    allowed = f"a run needs about {sum(needed) / 2**30:.1f} GiB of memory, {free / 2**30:.1f} are free"
    if max(needed) == needed.weights:
        raise UsageError(f"architecture: {allowed}, and its networks take most; make them smaller")
    key = "data.batch_size" if max(needed) == needed.steps else "evaluation.samples"
    raise InvalidValueError(typed_key(config, key), OmegaConf.select(config, key), f"{allowed}; must be smaller")


def require_matching(config: DictConfig, gan: tuple[Generator, nn.Module], rules: Rules) -> None:
    """Checks what a config's choices need of each other.

    Raises:
        UsageError: naming two that do not go together.
    """
    (generator, discriminator), (objective, penalties, update) = gan, rules
    chosen, head = target_name(config, "objective"), target_name(config, "head")
    if isinstance(objective, BoundarySeeking) and not generator.head.samples:
        allowed = f"needs codes drawn from a known law; head={head} draws none, use gumbel_straight_through"
        raise UsageError(f"objective={chosen}: {allowed}")
    if isinstance(update, Alternating) and not isinstance(objective, Separable):
        allowed = "compares reals with fakes, update=alternating steps on each apart; use joint or critic"
        raise UsageError(f"objective={chosen}: {allowed}")
    if isinstance(update, Alternating) and penalties:
        raise UsageError(f"penalty={','.join(config.penalty)}: update=alternating takes none; use joint or critic")
    if isinstance(objective, BoundarySeeking) and compared(discriminator) > 1:
        raise UsageError(f"objective={chosen}: weighs single codes; discriminator.pack must be 1, minibatch_stddev 0")
    if compared(discriminator) > 1 and config.data.get("sampling") == "permutation":
        raise UsageError("data.sampling=permutation: D compares codes, and its reals must be independent; use iid")


def assemble(config: DictConfig, device: str = "cpu") -> tuple[GAN, PatternData]:
    """The GAN, initialised from the seed, and the data module of a config, if there is room for a run on the device.

    Raises:
        UsageError: naming the key and the value that cannot be.
    """
    described = blueprint(config)
    require_memory(config, described.demand, device)
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
    if samples is not None:
        config["evaluation"] = {"samples": samples}
    with described_by(checkpoint):
        described = blueprint(config)
        require_memory(config, described.demand._replace(weights=described.demand.weights // COPIES, steps=0))
        gan = described.gan(checked_seed(config))
        checkpoints.require_same_shapes(checkpoint.path, checkpoint.weights, gan.state_dict())
        checkpoints.require_finite(checkpoint.path, checkpoint.weights, gan)
        gan.load_state_dict(checkpoint.weights)
        move_schedules(gan, progress_seen(checkpoint.step, gan.steps))
    return gan.eval(), checkpoint.step
