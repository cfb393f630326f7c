"""The evaluator: measures the two networks of a GAN, with random numbers that are the same at each evaluation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.patterns import Pattern
from patterngan.data.streams import seeded
from patterngan.evaluation.metrics import Metrics, report
from patterngan.evaluation.portraits import MOST_INTEGERS, Portrait, portrait
from patterngan.gan.noise import Noise

SHOWN = 10
"""Generated integers that an evaluation shows."""


@dataclass(frozen=True)
class Evaluation:
    """The outcome of one evaluation."""

    metrics: Metrics
    integers: list[int]
    """A few generated integers, to show."""
    portrait: Portrait | None = field(default=None, compare=False)
    """None where there are too many integers to draw."""


class Draws(NamedTuple):
    """The random numbers of a run's evaluations, the same at each."""

    noise: Tensor
    """Input of the generator, [samples, dim]."""
    reals: Tensor
    """Integers of the pattern, int64."""
    shown: Tensor
    """Noise of the integers that are shown, [SHOWN, dim]."""
    exact: bool
    """Whether `noise` holds all equally likely noise vectors."""


@dataclass(frozen=True)
class Evaluator:
    """Measures a generator and a discriminator with noise that training never sees."""

    pattern: Pattern
    encoding: Encoding
    noise: Noise
    seed: int
    samples: int
    """Integers that are generated where the noise cannot be enumerated."""
    compared: int = 1
    """How many codes the discriminator compares with each other."""

    def draw(self, device: torch.device, dtype: torch.dtype = torch.float32) -> Draws:
        """The random numbers of every evaluation of the run; noise is drawn in single precision, then of `dtype`."""
        source = seeded(self.seed, "evaluation", device=device)
        listed = self.noise.enumerate(device)
        noise = self.noise.sample((self.samples,), source) if listed is None else listed
        if self.pattern.size <= len(noise) and self.compared == 1:
            # Each real once where they are few: exact, and cheaper than a draw of as many reals as fakes.
            ranks = torch.arange(self.pattern.size, device=device)
        else:
            ranks = torch.randint(self.pattern.size, (len(noise),), generator=source, device=device)
        shown = self.noise.sample((SHOWN,), source)
        return Draws(noise.to(dtype), self.pattern.member(ranks), shown.to(dtype), exact=listed is not None)

    @torch.no_grad()
    def __call__(
        self, generator: Callable[[Tensor], Tensor], discriminator: Callable[[Tensor], Tensor], draws: Draws
    ) -> Evaluation:
        """The evaluation of one GAN; see `step.Players` for the shapes of its networks' inputs and outputs."""
        fakes = generator(draws.noise)
        integers = self.encoding.decode(fakes)
        # Counted in double precision, which Apple GPUs do not have.
        counted = torch.device("cpu") if integers.device.type == "mps" else integers.device
        metrics = report(integers.to(counted), draws.reals.to(counted), self.pattern, self.encoding, draws.exact)
        metrics["d_real"] = self._mean_d_score(discriminator, self.encoding.encode(draws.reals))
        metrics["d_fake"] = self._mean_d_score(discriminator, fakes)
        shown, drawn = generator(draws.shown), None
        if self.encoding.capacity <= MOST_INTEGERS:
            drawn = portrait(integers, shown, discriminator, draws.reals, self.pattern, self.encoding, self.compared)
        return Evaluation(metrics, self.encoding.decode(shown).tolist(), drawn)

    def _mean_d_score(self, discriminator: Callable[[Tensor], Tensor], codes: Tensor) -> float:
        """D's mean probability that these codes are real; the first ones fill up the last group of compared codes."""
        missing = -len(codes) % self.compared
        whole = torch.cat([codes, codes[torch.arange(missing) % len(codes)]]) if missing else codes
        return discriminator(whole).sigmoid().mean().item()
