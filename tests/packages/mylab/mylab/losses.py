"""An objective, and a penalty."""

from torch import Tensor

from patterngan.gan.objectives import Separable
from patterngan.gan.penalties import DiscriminatorPass, Penalty


class Pearson(Separable):
    """The f-GAN of Pearson's χ². Source: Nowozin et al. 2016, arXiv 1606.00709, table 2."""

    def real_loss(self, logits: Tensor) -> Tensor:
        """−l."""
        return -logits.mean(-1)

    def fake_loss(self, logits: Tensor) -> Tensor:
        """l²/4 + l."""
        return (logits.square() / 4 + logits).mean(-1)

    def generator_loss(self, fake_logits: Tensor) -> Tensor:
        """−l."""
        return -fake_logits.mean(-1)


class Drift(Penalty):
    """weight · E D(x)² on reals, which keeps logits near 0.

    Source: Karras et al. 2018, arXiv 1710.10196, appendix A.1.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, d_pass: DiscriminatorPass) -> Tensor:
        """The penalty [...]."""
        return self.weight * d_pass.real_logits.square().mean(-1)
