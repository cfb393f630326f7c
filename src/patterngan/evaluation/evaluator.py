"""The evaluator: what a run's exact evaluation looks at, and with which random numbers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.patterns import Pattern
from patterngan.data.streams import seeded
from patterngan.evaluation import metrics as evaluation
from patterngan.evaluation.portraits import Portrait, drawable, portrait
from patterngan.gan.noise import Noise

SHOWN = 10
"""Sample integers shown at an evaluation."""


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation found."""

    metrics: evaluation.Metrics
    integers: list[int]
    """A few generated integers, to look at."""
    portrait: Portrait | None = field(default=None, compare=False)
    """What the GAN looks like, where there are few enough integers to draw."""


@dataclass(frozen=True)
class Evaluator:
    """Measures a generator and a discriminator with noise that training never sees, the same at every evaluation."""

    pattern: Pattern
    encoding: Encoding
    noise: Noise
    seed: int
    samples: int
    """How many integers are looked at, where the noise cannot be enumerated."""
    compared: int = 1
    """How many codes the discriminator compares with each other."""

    def draw(self, device: torch.device) -> "Draws":
        """What every evaluation of the run looks at."""
        source = seeded(self.seed, "evaluation", device=device)
        listed = self.noise.enumerate(device)
        noise = self.noise.sample((self.samples,), source) if listed is None else listed
        reals = self.pattern.member(self._ranks(noise.shape[0], source))
        return Draws(noise, reals, self.noise.sample((SHOWN,), source), exact=listed is not None)

    def _ranks(self, samples: int, source: torch.Generator) -> Tensor:
        # Each real once, where there are not too many: exact, and cheaper than drawing as many as there are fakes.
        if self.pattern.size <= samples and self.compared == 1:
            return torch.arange(self.pattern.size, device=source.device)
        return torch.randint(self.pattern.size, (samples,), generator=source, device=source.device)

    @torch.no_grad()
    def __call__(
        self, generator: Callable[[Tensor], Tensor], discriminator: Callable[[Tensor], Tensor], draws: "Draws"
    ) -> Evaluation:
        """The metrics of one GAN; see `updates.Players` for the shapes of its networks' inputs and outputs."""
        fakes = generator(draws.noise)
        integers = self.encoding.decode(fakes)
        metrics = evaluation.report(integers, draws.reals, self.pattern, self.encoding, draws.exact)
        for name, codes in (("d_real", self.encoding.encode(draws.reals)), ("d_fake", fakes)):
            spare = -len(codes) % self.compared
            whole = torch.cat([codes, codes[torch.arange(spare) % len(codes)]]) if spare else codes
            metrics[name] = discriminator(whole).sigmoid().mean().item()
        shown = generator(draws.shown)
        return Evaluation(
            metrics,
            self.encoding.decode(shown).tolist(),
            self._portrait(integers, shown, discriminator, draws) if drawable(self.encoding) else None,
        )

    def _portrait(
        self, integers: Tensor, shown: Tensor, discriminator: Callable[[Tensor], Tensor], draws: "Draws"
    ) -> Portrait:
        truth = self.pattern, self.encoding
        found = portrait(integers, shown, discriminator, draws.reals, *truth, self.compared)
        return Portrait(*(tensor.cpu() for tensor in found))


class Draws(NamedTuple):
    """The random numbers of a run's evaluations, the same at each."""

    noise: Tensor
    """What the generator reads: [samples, dim]."""
    reals: Tensor
    """Integers of the pattern."""
    shown: Tensor
    """Noise of the integers that are shown."""
    exact: bool
    """Whether `noise` is all the noise there is."""
