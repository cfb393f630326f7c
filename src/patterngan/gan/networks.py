"""Networks: ordinary modules from [..., inputs] to [..., outputs], used for generator and discriminator alike."""

import torch
from torch import Tensor, nn

from patterngan.validation import choice, integer, number

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
}


def linear(inputs: int, outputs: int) -> nn.Module:
    """One affine map. As a discriminator it compares nothing but the means of codes."""
    return nn.Linear(inputs, outputs)


def mlp(inputs: int, outputs: int, width: int, depth: int, activation: str) -> nn.Module:
    """`depth` hidden layers of `width` units.

    Raises:
        InvalidValueError: unless 1 ≤ width ≤ 2^16, 1 ≤ depth ≤ 1000 and activation is a key of `ACTIVATIONS`.
    """
    width, depth = integer("width", width, 1, 2**16), integer("depth", depth, 1, 1000)
    nonlinearity = ACTIVATIONS[choice("activation", activation, ACTIVATIONS)]
    layers: list[nn.Module] = []
    for fan_in in [inputs, *[width] * (depth - 1)]:
        layers += [nn.Linear(fan_in, width), nonlinearity()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class Point(nn.Module):
    """The same output whatever the input: the generator of the Dirac-GAN, θ."""

    def __init__(self, outputs: int, start: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.full((outputs,), start))

    def forward(self, inputs: Tensor) -> Tensor:
        """[..., inputs] → [..., outputs]."""
        return self.theta.expand(*inputs.shape[:-1], -1)


class Slope(nn.Module):
    """ψ · x: the discriminator of the Dirac-GAN."""

    def __init__(self, inputs: int, start: float) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.full((1, inputs), start))

    def forward(self, codes: Tensor) -> Tensor:
        """[..., inputs] → [..., 1]."""
        return nn.functional.linear(codes, self.psi)


def point(outputs: int, start: float) -> nn.Module:
    """A generator of one point, see `Point`. Mescheder et al. 2018, arXiv 1801.04406, definition 2.1.

    Raises:
        InvalidValueError: unless start is a finite number.
    """
    return Point(outputs, number("start", start, -float("inf")))


def slope(inputs: int, start: float) -> nn.Module:
    """A linear discriminator without a constant, see `Slope`.

    Raises:
        InvalidValueError: unless start is a finite number.
    """
    return Slope(inputs, number("start", start, -float("inf")))
