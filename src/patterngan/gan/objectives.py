"""Objectives: the adversarial losses.

Logits are [..., batch] and losses [...]. Only the batch is averaged, so leading axes (the members of a population)
stay apart, and one loss serves one GAN and many. sp is softplus, sp(l) = log(1 + exp(l)).
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from patterngan.data.encodings import Symbols, lengths_of
from patterngan.gan.schedules import Scheduled, schedule
from patterngan.gan.step import Draw, Fakes, Players
from patterngan.validation import InvalidValueError, integer, number


class Objective(nn.Module):
    """The losses that the two players minimise."""

    hard_symbols: Symbols = ()
    """The symbols of codes, where D reads nothing but hard ones and no gradient goes back through these; else none."""

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """D's loss."""
        raise NotImplementedError

    def generator_loss(self, fake_logits: Tensor) -> Tensor:
        """G's loss, where D's logits on fakes are all it depends on."""
        raise NotImplementedError

    def fakes(self, players: Players, draw: Draw) -> Fakes:
        """Fakes with the gradient that G's loss follows: through their codes, or through their log-probabilities."""
        return Fakes(players.generator(draw.noise))

    def generator_step_loss(self, players: Players, fakes: Fakes, reals: Tensor) -> Tensor:
        """G's loss in a step."""
        return self.generator_loss(players.discriminator(fakes.codes))


class Weighing(Objective):
    """An objective whose G loss is a sum of log-probabilities; no gradient goes through the codes of fakes."""

    @override
    def fakes(self, players: Players, draw: Draw) -> Fakes:
        """Drawn codes with their log-probabilities, the ones that the draw proposes first in each group."""
        return Fakes(*players.generator(draw.noise, draw.proposals))

    @override
    def generator_step_loss(self, players: Players, fakes: Fakes, reals: Tensor) -> Tensor:
        with torch.no_grad():
            logits = players.discriminator(fakes.codes)
        return self.weighed_loss(fakes, logits)

    def weighed_loss(self, fakes: Fakes, fake_logits: Tensor) -> Tensor:
        """G's loss [...] of the log-probabilities of fakes, and of D's logits on these."""
        raise NotImplementedError


class Separable(Objective):
    """An objective whose D loss is the sum of a loss on reals and a loss on fakes."""

    def real_loss(self, logits: Tensor) -> Tensor:
        """D's loss on reals."""
        raise NotImplementedError

    def fake_loss(self, logits: Tensor) -> Tensor:
        """D's loss on fakes."""
        raise NotImplementedError

    @override
    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return self.real_loss(real_logits) + self.fake_loss(fake_logits)


class NonSaturating(Separable):
    """Binary cross-entropy on logits: D minimises sp(−D(x)) + sp(D(g)), G minimises sp(−D(g)).

    Source: Goodfellow et al. 2014, arXiv 1406.2661, section 3. Smoothing 0 ≤ s ≤ 1 labels reals 1 − s in D's loss:
    Salimans et al. 2016, arXiv 1606.03498, section 3.4.
    """

    def __init__(self, smoothing: Any = 0.0) -> None:
        super().__init__()
        label_drop = schedule("smoothing", smoothing, 0, 1)
        self.smoothing = None if label_drop.zero else Scheduled(label_drop)

    @override
    def real_loss(self, logits: Tensor) -> Tensor:
        """−(1 − s) log σ(l) − s log(1 − σ(l))."""
        loss = F.softplus(-logits).mean(-1)
        return loss if self.smoothing is None else loss + self.smoothing.value * logits.mean(-1)

    @override
    def fake_loss(self, logits: Tensor) -> Tensor:
        """−log(1 − σ(l))."""
        return F.softplus(logits).mean(-1)

    @override
    def generator_loss(self, fake_logits: Tensor) -> Tensor:
        """−log σ(l): the cross-entropy of fakes with the label 'real'."""
        return F.softplus(-fake_logits).mean(-1)


class Hinge(Separable):
    """D minimises relu(1 − D(x)) + relu(1 + D(g)), G minimises −D(g).

    Source: Lim & Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957, equations 16 and 17.
    """

    @override
    def real_loss(self, logits: Tensor) -> Tensor:
        return F.relu(1 - logits).mean(-1)

    @override
    def fake_loss(self, logits: Tensor) -> Tensor:
        return F.relu(1 + logits).mean(-1)

    @override
    def generator_loss(self, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean(-1)


class LeastSquares(Separable):
    """D minimises ½(D(x) − 1)² + ½D(g)², G minimises ½(D(g) − 1)².

    Source: Mao et al. 2017, arXiv 1611.04076, equation 9.
    """

    @override
    def real_loss(self, logits: Tensor) -> Tensor:
        return (logits - 1).square().mean(-1) / 2

    @override
    def fake_loss(self, logits: Tensor) -> Tensor:
        return logits.square().mean(-1) / 2

    @override
    def generator_loss(self, fake_logits: Tensor) -> Tensor:
        return (fake_logits - 1).square().mean(-1) / 2


class Wasserstein(Separable):
    """D minimises D(g) − D(x), G minimises −D(g). A penalty or spectral norm must keep D Lipschitz.

    Source: Arjovsky et al. 2017, arXiv 1701.07875.
    """

    @override
    def real_loss(self, logits: Tensor) -> Tensor:
        return -logits.mean(-1)

    @override
    def fake_loss(self, logits: Tensor) -> Tensor:
        return logits.mean(-1)

    @override
    def generator_loss(self, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean(-1)


class Relativistic(Objective):
    """Pairs each fake with a real: D minimises sp(D(g) − D(x)), G minimises sp(D(x) − D(g)).

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734; as the pairing loss: Sun et al. 2020, arXiv 2011.04926, and
    Huang et al. 2024, arXiv 2501.05441 (R3GAN).
    """

    @override
    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return F.softplus(fake_logits - real_logits).mean(-1)

    @override
    def generator_step_loss(self, players: Players, fakes: Fakes, reals: Tensor) -> Tensor:
        return F.softplus(players.discriminator(reals) - players.discriminator(fakes.codes)).mean(-1)


class BoundarySeeking(Weighing, NonSaturating):
    """Makes codes that D takes for real more probable; G's loss has no gradient through its codes.

    For each noise vector M codes x_m are drawn from p = p_G(· | z) and weighted by w_m ∝ exp(D(x_m)), which sum to 1;
    G minimises −Σ_m (w_m − 1/M) log p(x_m). Source: Hjelm et al. 2018, arXiv 1702.08431, section 2.4. With the best D,
    exp(D) = p_data / p, so G's gradient is that of the data's likelihood.

    A mode that is never drawn is never learned again. With exploration ε, codes are therefore drawn from the mixture
    q = (1 − ε) p + ε u, where u is uniform on codes, and D is trained against q. The baseline 1/M then becomes
    p(x_m) / (M q(x_m)): its part of the gradient has expectation zero under q, as that of 1/M has under p. An
    unchanged 1/M would push G away from explored codes.

    `samples` is M, at least 2, and divides batch_size; `exploration` is ε, from 0 to 0.9.
    """

    def __init__(
        self, samples: int, exploration: float, symbols: Symbols, batch_size: int, lengths: bool = False
    ) -> None:
        """`lengths`: whether codes have lengths of their own."""
        super().__init__()
        self.lengths = lengths
        self.samples = integer("samples", samples, 2, 2**20)
        if batch_size % samples:
            raise InvalidValueError("samples", samples, f"must divide batch_size={batch_size}")
        exploration = number("exploration", exploration, 0, 0.9)
        self.explored = min(math.ceil(exploration * samples), samples - 1)
        self.hard_symbols = tuple(symbols)

    @override
    def weighed_loss(self, fakes: Fakes, fake_logits: Tensor) -> Tensor:
        codes, log_p = fakes
        assert log_p is not None
        with torch.no_grad():
            weights = fake_logits.unflatten(-1, (-1, self.samples)).softmax(-1).flatten(-2)
            share = self.explored / self.samples
            baseline = (1 - share + share * (self._log_uniform(codes) - log_p).exp()).reciprocal()
        loss: Tensor = -((self.samples * weights - baseline) * log_p).mean(-1)
        return loss

    def _log_uniform(self, codes: Tensor) -> Tensor | float:
        """log u of codes [..., width]: [...] where these have lengths of their own."""
        if not self.lengths:
            return -sum(math.log(max(size, 2)) for size in self.hard_symbols)
        size = self.hard_symbols[0]
        return lengths_of(codes, size).squeeze(-1) * -math.log(max(size, 2))


class MaximumLikelihood(Weighing):
    """No GAN: G minimises −log p_G(x) on the reals x, and D learns nothing. It is what a GAN is compared with."""

    def __init__(self, symbols: Symbols) -> None:
        super().__init__()
        self.hard_symbols = tuple(symbols)

    @override
    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """0, whatever the logits."""
        return 0 * (real_logits.mean(-1) + fake_logits.mean(-1))

    @override
    def generator_step_loss(self, players: Players, fakes: Fakes, reals: Tensor) -> Tensor:
        return self.weighed_loss(fakes, fakes.codes)  # D is not asked

    @override
    def weighed_loss(self, fakes: Fakes, fake_logits: Tensor) -> Tensor:
        """−log p_G, averaged over the fakes, which are the reals: a step's draw proposes them. Whatever the logits."""
        assert fakes.log_p is not None
        return -fakes.log_p.mean(-1)
