"""From a config to the objects of a run: the GAN and its data.

Assembling is cheap and complete, so it is also the check of a config before a run folder exists.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from omegaconf import DictConfig
from torch import nn

from patterngan.data.encodings import Encoding, Symbols
from patterngan.data.patterns import Pattern
from patterngan.data.streams import Stream, seeded
from patterngan.evaluation.evaluator import Evaluator
from patterngan.evaluation.law import exact_rows
from patterngan.evaluation.longer import checked_lengths
from patterngan.gan.discriminators import compared
from patterngan.gan.generators import Generator
from patterngan.gan.growing import GrowingGenerator, state_numbers
from patterngan.gan.noise import Noise
from patterngan.gan.objectives import BoundarySeeking, Objective, Separable, Weighing
from patterngan.gan.optimizers import OptimizerFactory
from patterngan.gan.penalties import Penalty
from patterngan.gan.updates import Alternating, Simultaneous, Update
from patterngan.runs.configs import (
    build_generator,
    checked_integer,
    has_lengths,
    pattern_and_encoding,
    require_known_keys,
)
from patterngan.runs.instantiate import build, build_offered, option_name
from patterngan.runs.memory import Demand, demand, require_memory
from patterngan.runs.trainer_arguments import precision
from patterngan.training.datamodule import PatternData
from patterngan.training.inputs import RandomInput, Rules, random_inputs
from patterngan.training.module import GAN
from patterngan.validation import InvalidValueError, UsageError, boolean, number


@dataclass(frozen=True)
class RunSpec:
    """All that a config says of a run, but for its seed: what the runs of a sweep over seeds share."""

    config: DictConfig
    pattern: Pattern
    encoding: Encoding
    noise: Noise
    rules: Rules
    inputs: dict[str, RandomInput]
    """The random numbers that a step reads."""
    optimizers: tuple[OptimizerFactory, OptimizerFactory]
    """Of G and of D."""
    exact: bool
    """Whether the generator's law is computed where it is known."""
    compared: int
    """How many codes D compares with each other."""
    lengths: tuple[int, ...]
    """The lengths of longer codes whose validity is measured too."""
    demand: Demand

    def build_networks(self) -> tuple[Generator, nn.Module]:
        """New networks, with PyTorch's own initialisation from its global generator."""
        generator, _ = build_generator(self.config, self.encoding)
        return generator, build_discriminator(self.config, self.encoding)

    def build_data(self, seed: int) -> PatternData:
        """The data module of a seed."""
        config, update = self.config, self.rules[2]
        truth = {"pattern": self.pattern, "encoding": self.encoding, "batches": update.discriminator_steps}
        length = {"steps": config.steps, "evaluate_every": config.evaluate_every}
        data: PatternData = build(config, "data", PatternData, seed=seed, **truth, **length)
        return data

    def gan(self, seed: int) -> GAN:
        """The GAN, initialised from the seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeded(seed, "init").initial_seed())
            generator, discriminator = self.build_networks()
        streams = {
            name: Stream(given.fill, given.shape, torch.float32, seed, given.stream)
            for name, given in self.inputs.items()
        }
        steps, capture, samples = self.config.steps, self.config.capture, self.config.evaluation.samples
        measured = self.pattern, self.encoding, self.noise, generator.head
        evaluator = Evaluator(*measured, seed, samples, self.exact, self.compared, self.lengths)
        rules, size = copy.deepcopy(self.rules), self.encoding.symbols[0] if has_lengths(self.encoding) else None
        gan = GAN(generator, discriminator, *rules, self.optimizers, streams, evaluator, steps, capture, size)
        return gan.to(precision(self.config))


def run_spec(config: DictConfig) -> RunSpec:
    """What a config describes.

    Raises:
        UsageError: naming the key and the value that cannot be.
    """
    require_known_keys(config)
    pattern, encoding = pattern_and_encoding(config)
    for key in ("steps", "evaluate_every"):
        checked_integer(config, key, 1, 10**12)
    number("lr", config.lr, 0, open_low=True)  # here, as others refer to it
    checked_integer(config, "batch_size", 1, 2**20)
    batch_size = checked_integer(config, "data.batch_size", 1, 2**20)
    samples = checked_integer(config, "evaluation.samples", 1, 2**24)
    boolean("capture", config.capture)
    exact = boolean("evaluation.exact", config.evaluation.get("exact", True))  # runs of before have no such key
    rules = build_rules(config, encoding)
    generator, noise, discriminator = draft_networks(config, encoding)
    require_matching(config, (generator, discriminator), rules)
    require_readable(config, discriminator, rules)
    states = state_numbers(generator[0]), state_numbers(discriminator)
    inputs = random_inputs(rules, noise, generator.latent, encoding.symbols, batch_size, states)
    evaluated = (exact_rows(generator.head, noise, encoding.symbols) if exact else None) or samples
    needed = demand((generator, discriminator), rules[2], inputs, batch_size, evaluated, precision(config).itemsize)
    optimizers, together = build_optimizers(config), compared(discriminator)
    lengths = longer_lengths(config, generator, pattern)
    spec = RunSpec(config, pattern, encoding, noise, rules, inputs, optimizers, exact, together, lengths, needed)
    spec.build_data(0)  # for its errors
    return spec


def longer_lengths(config: DictConfig, generator: Generator, pattern: Pattern) -> tuple[int, ...]:
    """The lengths of longer codes whose validity is measured."""
    try:
        lengths = checked_lengths(config.evaluation.get("lengths", ()), generator.symbols, pattern)
    except InvalidValueError as error:
        raise error.within("evaluation") from None
    if lengths and not isinstance(generator, GrowingGenerator):
        name = option_name(config, "architecture.generator")
        raise UsageError(f"evaluation.lengths: {name} makes codes of one length; use architecture=automaton")
    return lengths


def build_rules(config: DictConfig, encoding: Encoding) -> Rules:
    """The objective, the penalties and the update of a config."""
    sizes = {"symbols": encoding.symbols, "batch_size": config.data.batch_size, "lengths": has_lengths(encoding)}
    objective: Objective = build_offered(config, "objective", Objective, **sizes)
    penalties = nn.ModuleList(build(config, f"penalty.{name}", Penalty) for name in config.penalty or ())
    update: Update = build(config, "update", Update)
    return objective, penalties, update


def build_optimizers(config: DictConfig) -> tuple[OptimizerFactory, OptimizerFactory]:
    """The settings from which G's optimizer is made, and D's."""
    return build(config, "optimizer.generator", Callable), build(config, "optimizer.discriminator", Callable)


def build_discriminator(config: DictConfig, encoding: Encoding) -> nn.Module:
    """The architecture's discriminator with what the group `discriminator` adds to it."""

    def network(symbols: Symbols) -> nn.Module:
        sizes = {"inputs": sum(symbols), "outputs": 1, "symbols": symbols}
        made: nn.Module = build_offered(config, "architecture.discriminator", nn.Module, **sizes)
        return made

    sizes = {"symbols": encoding.symbols, "batch_size": config.data.batch_size}
    discriminator: nn.Module = build(config, "discriminator", nn.Module, network=network, **sizes)
    return discriminator


def draft_networks(config: DictConfig, encoding: Encoding) -> tuple[Generator, Noise, nn.Module]:
    """Networks of a config's shapes, to be looked at and thrown away: on the meta device where that is possible."""

    def draft() -> tuple[Generator, Noise, nn.Module]:
        with torch.random.fork_rng(devices=[]):
            return *build_generator(config, encoding), build_discriminator(config, encoding)

    try:
        with torch.device("meta"):  # shapes without weights: these may need more memory than there is
            return draft()
    except UsageError:  # a mistake, or a network that computes with numbers while it is made
        return draft()


def require_matching(config: DictConfig, gan: tuple[Generator, nn.Module], rules: Rules) -> None:
    """Refuses a config two of whose choices do not go together."""
    (generator, discriminator), (objective, penalties, update) = gan, rules
    chosen, head = option_name(config, "objective"), option_name(config, "head")
    if isinstance(objective, Weighing) and not generator.head.samples:
        allowed = f"needs codes drawn from a known law; head={head} draws none, use gumbel_straight_through"
        raise UsageError(f"objective={chosen}: {allowed}")
    if isinstance(update, Simultaneous) and (not isinstance(objective, Weighing) or penalties):
        raise UsageError("update=simultaneous: needs objective=boundary_seeking and no penalty; use joint")
    if isinstance(update, Alternating) and not isinstance(objective, Separable):
        allowed = "compares reals with fakes, update=alternating steps on each apart; use joint or critic"
        raise UsageError(f"objective={chosen}: {allowed}")
    if isinstance(update, Alternating) and penalties:
        raise UsageError(f"penalty={','.join(config.penalty)}: update=alternating takes none; use joint or critic")
    if isinstance(objective, BoundarySeeking) and compared(discriminator) > 1:
        raise UsageError(f"objective={chosen}: weighs single codes; discriminator.pack must be 1, minibatch_stddev 0")
    if compared(discriminator) > 1 and any(map(state_numbers, discriminator.modules())):
        raise UsageError(
            "architecture.noise: is for a D of single codes; discriminator.pack must be 1, minibatch_stddev 0"
        )
    if compared(discriminator) > 1 and config.data.get("sampling") == "permutation":
        raise UsageError("data.sampling=permutation: D compares codes, and its reals must be independent; use iid")


def require_readable(config: DictConfig, discriminator: nn.Module, rules: Rules) -> None:
    """Refuses noise on codes and slopes at codes that the architecture's discriminator does not take, or have."""
    (objective, penalties, update), parts = rules, list(discriminator.modules())
    if update.instance_noise is not None and any(getattr(part, "reads_blanks", False) for part in parts):
        allowed = "must be 0: to the architecture's discriminator symbols below 0 are blanks; use architecture.noise"
        raise InvalidValueError("update.instance_noise", config["update"]["instance_noise"], allowed)
    if all(getattr(part, "differentiable", True) for part in parts):
        return
    if not isinstance(objective, Weighing):
        allowed = "takes D's slopes at codes, and the architecture's D compares symbols; use boundary_seeking"
        raise UsageError(f"objective={option_name(config, 'objective')}: {allowed}")
    if any(getattr(penalty, "takes_slopes", False) for penalty in penalties):
        allowed = "takes D's slopes at codes, and the architecture's D compares symbols; use none"
        raise UsageError(f"penalty={','.join(config.penalty)}: {allowed}")


def checked_seed(config: DictConfig) -> int:
    """The seed of a config."""
    return checked_integer(config, "seed", 0, 2**62)


def assemble(config: DictConfig, device: str = "cpu") -> tuple[GAN, PatternData]:
    """The GAN, initialised from the seed, and the data module of a config, if the device has the memory for a run.

    Raises:
        UsageError: naming the key and the value that cannot be.
    """
    spec = run_spec(config)
    require_memory(config, spec.demand, device)
    seed = checked_seed(config)
    return spec.gan(seed), spec.build_data(seed)
