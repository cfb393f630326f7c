"""Objectives: the adversarial losses.

Logits are [..., batch] and losses [...]: only the batch is averaged, so leading axes (the members of a
population) stay apart and one loss function serves one GAN and many. sp is softplus, sp(l) = log(1 + exp(l)).
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from patterngan.gan.heads import Symbols
from patterngan.gan.schedules import Scheduled, schedule
from patterngan.gan.step import Draw, Players
from patterngan.validation import InvalidValueError, integer, number


class Objective(nn.Module):
    """What the two players minimise."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """D's loss, of its logits on reals and on fakes."""
        raise NotImplementedError

    def generator(self, fake: Tensor) -> Tensor:
        """G's loss, of D's logits on its fakes."""
        raise NotImplementedError

    def fakes(self, players: Players, draw: Draw) -> Tensor:
        """The codes that D sees as fakes, with G's gradient where G follows one through them."""
        return players.generator(draw.noise)

    def generator_loss(self, players: Players, draw: Draw, fakes: Tensor, reals: Tensor) -> Tensor:
        """G's loss on `fakes`, made of this draw."""
        return self.generator(players.discriminator(fakes))


class Separable(Objective):
    """An objective whose loss for D is a sum of one on reals and one on fakes."""

    def real(self, logits: Tensor) -> Tensor:
        """What D minimises on reals."""
        raise NotImplementedError

    def fake(self, logits: Tensor) -> Tensor:
        """What D minimises on fakes."""
        raise NotImplementedError

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """See `Objective.discriminator`."""
        return self.real(real) + self.fake(fake)


class NonSaturating(Separable):
    """Binary cross-entropy on logits: D minimises sp(−D(x)) + sp(D(g)), G minimises sp(−D(g)).

    Source: Goodfellow et al. 2014, arXiv 1406.2661, section 3; smoothing, the label 1 − s in place of 1 for reals
    alone: Salimans et al. 2016, arXiv 1606.03498, section 3.4.
    """

    def __init__(self, smoothing: Any) -> None:
        super().__init__()
        found = schedule("smoothing", smoothing, 0, 1)
        self.smoothing = None if found.zero else Scheduled(found)

    def real(self, logits: Tensor) -> Tensor:
        """−(1 − s) log σ(l) − s log(1 − σ(l))."""
        loss = F.softplus(-logits).mean(-1)
        return loss if self.smoothing is None else loss + self.smoothing.value * logits.mean(-1)

    def fake(self, logits: Tensor) -> Tensor:
        """−log(1 − σ(l))."""
        return F.softplus(logits).mean(-1)

    def generator(self, fake: Tensor) -> Tensor:
        """−log σ(l): the fakes against the label 'real'."""
        return F.softplus(-fake).mean(-1)


def nonsaturating(smoothing: Any = 0.0) -> Objective:
    """The non-saturating GAN, see `NonSaturating`.

    Raises:
        InvalidValueError: unless 0 ≤ smoothing ≤ 1.
    """
    return NonSaturating(smoothing)


class Hinge(Separable):
    """D minimises relu(1 − D(x)) + relu(1 + D(g)), G minimises −D(g).

    Source: Lim & Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957, equations 16 and 17.
    """

    def real(self, logits: Tensor) -> Tensor:
        """relu(1 − l)."""
        return F.relu(1 - logits).mean(-1)

    def fake(self, logits: Tensor) -> Tensor:
        """relu(1 + l)."""
        return F.relu(1 + logits).mean(-1)

    def generator(self, fake: Tensor) -> Tensor:
        """−l."""
        return -fake.mean(-1)


class LeastSquares(Separable):
    """D minimises ½(D(x) − 1)² + ½D(g)², G minimises ½(D(g) − 1)².

    Source: Mao et al. 2017, arXiv 1611.04076, equation 9.
    """

    def real(self, logits: Tensor) -> Tensor:
        """½(l − 1)²."""
        return (logits - 1).square().mean(-1) / 2

    def fake(self, logits: Tensor) -> Tensor:
        """½l²."""
        return logits.square().mean(-1) / 2

    def generator(self, fake: Tensor) -> Tensor:
        """½(l − 1)²."""
        return (fake - 1).square().mean(-1) / 2


class Wasserstein(Separable):
    """D minimises D(g) − D(x), G minimises −D(g). D must be kept Lipschitz by a penalty or spectral norm.

    Source: Arjovsky et al. 2017, arXiv 1701.07875.
    """

    def real(self, logits: Tensor) -> Tensor:
        """−l."""
        return -logits.mean(-1)

    def fake(self, logits: Tensor) -> Tensor:
        """l."""
        return logits.mean(-1)

    def generator(self, fake: Tensor) -> Tensor:
        """−l."""
        return -fake.mean(-1)


class Relativistic(Objective):
    """Each fake paired with a real: D minimises sp(D(g) − D(x)), G minimises sp(D(x) − D(g)).

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734; as the pairing loss: Sun et al. 2020, arXiv 2011.04926, and
    Huang et al. 2024, arXiv 2501.05441 (R3GAN).
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """See `Objective.discriminator`."""
        return F.softplus(fake - real).mean(-1)

    def generator_loss(self, players: Players, draw: Draw, fakes: Tensor, reals: Tensor) -> Tensor:
        """See `Objective.generator_loss`."""
        return F.softplus(players.discriminator(reals) - players.discriminator(fakes)).mean(-1)


class BoundarySeeking(NonSaturating):
    """G follows no gradient through its codes: codes that D takes for real are made more probable.

    For each noise vector M codes x_m are drawn from p = p_G(· | z), and weighted by w_m ∝ exp(D(x_m)), normalised over
    them; G minimises −Σ_m (w_m − 1/M) log p(x_m). Source: Hjelm et al. 2018, arXiv 1702.08431, section 2.4. With the
    best D, exp(D) = p_data / p: G follows the likelihood of the data.

    A mode that is never drawn is never learned again. With exploration ε, the codes are drawn from the mixture
    q = (1 − ε) p + ε u, where u is uniform on codes, and D is trained against that. The baseline 1/M must then become
    p(x_m) / (M q(x_m)), which has expectation zero under q as 1/M has under p: with 1/M as it is, G would be pushed
    away from what was explored.
    """

    def __init__(self, samples: int, exploration: float, symbols: Symbols) -> None:
        super().__init__(smoothing=0.0)
        self.samples, self.explored = samples, min(math.ceil(exploration * samples), samples - 1)
        self.log_uniform = -sum(math.log(max(size, 2)) for size in symbols)

    @torch.no_grad()
    def fakes(self, players: Players, draw: Draw) -> Tensor:
        """M codes for each noise vector, of which the first are explored."""
        codes = players.generator(draw.noise)
        if draw.proposals is None:
            return codes
        groups = codes.unflatten(-2, (-1, self.samples))[..., self.explored :, :]
        proposals = draw.proposals.unflatten(-2, (-1, self.explored))
        return torch.cat([proposals, groups], -2).flatten(-3, -2)

    def generator_loss(self, players: Players, draw: Draw, fakes: Tensor, reals: Tensor) -> Tensor:
        """See the class."""
        log_p = players.generator(draw.noise, fakes)
        with torch.no_grad():
            weights = players.discriminator(fakes).unflatten(-1, (-1, self.samples)).softmax(-1).flatten(-2)
            share = self.explored / self.samples
            baseline = 1 / (1 - share + share * (self.log_uniform - log_p).exp())
        loss: Tensor = -((self.samples * weights - baseline) * log_p).mean(-1)
        return loss


def hinge() -> Objective:
    """The hinge loss, see `Hinge`."""
    return Hinge()


def least_squares() -> Objective:
    """Least squares, see `LeastSquares`."""
    return LeastSquares()


def wasserstein() -> Objective:
    """The Wasserstein loss, see `Wasserstein`."""
    return Wasserstein()


def relativistic() -> Objective:
    """The relativistic pairing loss, see `Relativistic`."""
    return Relativistic()


def boundary_seeking(samples: int, exploration: float, symbols: Symbols, batch_size: int) -> Objective:
    """The boundary-seeking GAN, see `BoundarySeeking`.

    Raises:
        InvalidValueError: unless samples divides batch_size, is at least 2, and 0 ≤ exploration ≤ 0.9.
    """
    samples = integer("samples", samples, 2, 2**20)
    if batch_size % samples:
        raise InvalidValueError("samples", samples, f"must divide batch_size={batch_size}")
    return BoundarySeeking(samples, number("exploration", exploration, 0, 0.9), symbols)
