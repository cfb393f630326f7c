"""The evaluator: measures the two networks of a GAN, with random numbers that are the same at each evaluation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Pattern
from patterngan.data.streams import seeded
from patterngan.evaluation.law import Law, LawInputs, exact_inputs, generated_law, sampled_inputs
from patterngan.evaluation.longer import longer_validity
from patterngan.evaluation.memory import MOST_READ, mean_logits
from patterngan.evaluation.metrics import Metrics, report
from patterngan.evaluation.portraits import MOST_INTEGERS, Portrait, d_logits, portrait
from patterngan.gan.growing import GrowingGenerator
from patterngan.gan.heads import Head
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

    law: LawInputs
    """What the generator reads so that its law comes out."""
    reals: Tensor
    """Integers of the pattern, int64."""
    shown: Tensor
    """Noise of the integers that are shown, [SHOWN, dim]."""
    places: Tensor
    """Uniform numbers [samples] that choose codes of an exact law, for a D that compares codes; else [0]."""


@dataclass(frozen=True)
class Evaluator:
    """Measures a generator and a discriminator with noise that training never sees."""

    pattern: Pattern
    encoding: Encoding
    noise: Noise
    head: Head
    """The generator's."""
    seed: int
    samples: int
    """Integers that are generated where the law is not computed; modes and coverage are of so many draws."""
    exact: bool = True
    """Whether the generator's law is computed where that is possible."""
    compared: int = 1
    """How many codes the discriminator compares with each other."""
    lengths: tuple[int, ...] = ()
    """The lengths of longer codes whose validity is measured too."""

    def draw(self, device: torch.device, dtype: torch.dtype = torch.float32) -> Draws:
        """The random numbers of every evaluation of the run; noise is drawn in single precision, then of `dtype`."""
        source = seeded(self.seed, "evaluation", device=device)
        known = exact_inputs(self.head, self.noise, self.encoding.symbols, device) if self.exact else None
        law = known or sampled_inputs(self.noise, self.samples, source)
        if self.pattern.size <= self.samples and self.compared == 1:
            # Each real once where they are few: exact, and cheaper than a draw of as many reals as fakes.
            ranks = torch.arange(self.pattern.size, device=device)
        else:
            ranks = torch.randint(self.pattern.size, (self.samples,), generator=source, device=device)
        shown = self.noise.sample((SHOWN,), source)
        places = torch.rand(self.samples if self.compared > 1 else 0, generator=source, device=device)
        return Draws(law.to(dtype), self.pattern.member(ranks), shown.to(dtype), places)

    @torch.no_grad()
    def __call__(
        self, generator: Callable[..., Any], discriminator: Callable[[Tensor], Tensor], draws: Draws
    ) -> Evaluation:
        """The evaluation of one GAN; see `step.Players` for the shapes of its networks' inputs and outputs."""
        codes, law = generated_law(generator, draws.law, self.encoding, self.samples)
        metrics = report(law, draws.reals.to(law.integers.device), self.pattern, self.encoding)
        if self.lengths:
            assert isinstance(generator, GrowingGenerator)
            metrics |= longer_validity(generator, self.pattern, self.lengths, self.seed)
        metrics["d_real"] = self._mean_d_score(discriminator, self.encoding.encode(draws.reals))
        metrics["d_fake"] = self._mean_d_fake(discriminator, codes, law, draws.places)
        shown, drawn = generator(draws.shown), None
        held_out = self.pattern if isinstance(self.pattern, HeldOut) and self.compared == 1 else None
        if self.encoding.capacity <= (MOST_READ if held_out else MOST_INTEGERS):
            logits = d_logits(discriminator, draws.reals, self.encoding, self.compared)
            if held_out:
                metrics |= mean_logits(logits, held_out)
            if self.encoding.capacity <= MOST_INTEGERS:
                drawn = portrait(law, shown, logits, self.pattern, self.encoding)
        return Evaluation(metrics, self.encoding.decode(shown).tolist(), drawn)

    def _mean_d_fake(self, discriminator: Callable[[Tensor], Tensor], codes: Tensor, law: Law, places: Tensor) -> float:
        """D's mean probability under the law that a fake is real; where D compares codes, over draws of the law."""
        if self.compared == 1:
            return float(law.probabilities @ discriminator(codes).sigmoid().to(law.probabilities))
        if law.exact:
            rising = law.probabilities.cumsum(-1)
            codes = codes[torch.searchsorted(rising, places.to(rising)).clamp(max=len(codes) - 1)]
        return self._mean_d_score(discriminator, codes)

    def _mean_d_score(self, discriminator: Callable[[Tensor], Tensor], codes: Tensor) -> float:
        """D's mean probability that these codes are real; the first ones fill up the last group of compared codes."""
        missing = -len(codes) % self.compared
        whole = torch.cat([codes, codes[torch.arange(missing) % len(codes)]]) if missing else codes
        return discriminator(whole).sigmoid().mean().item()
