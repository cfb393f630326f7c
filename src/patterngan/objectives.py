"""Objectives: the adversarial losses as pure functions of logits.

Logits are [..., batch] and losses [...]: only the batch is averaged, so leading axes (the members of a
population) stay apart and one loss function serves one GAN and many.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor], Tensor]
"""Logits [..., batch] → loss [...]."""


@dataclass(frozen=True)
class Objective:
    """The three terms of a GAN's losses, each a function of the discriminator's logits."""

    real: Loss
    """What D minimises on reals."""
    fake: Loss
    """What D minimises on fakes."""
    generator: Loss
    """What G minimises on its fakes."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """D's whole loss: the mean of both terms."""
        return (self.real(real) + self.fake(fake)) / 2


def real_cross_entropy(logits: Tensor) -> Tensor:
    """−log σ(l), averaged over the batch: binary cross-entropy against the label 'real'."""
    return F.softplus(-logits).mean(-1)


def fake_cross_entropy(logits: Tensor) -> Tensor:
    """−log(1 − σ(l)), averaged over the batch: binary cross-entropy against the label 'fake'."""
    return F.softplus(logits).mean(-1)


def nonsaturating() -> Objective:
    """The non-saturating GAN: D by binary cross-entropy, G by the cross-entropy of its fakes against 'real'.

    Source: Goodfellow et al. 2014, arXiv 1406.2661, section 3.
    """
    return Objective(real_cross_entropy, fake_cross_entropy, real_cross_entropy)
