"""Networks: ordinary modules from [..., inputs] to [..., outputs], used for generator and discriminator alike."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from patterngan.validation import choice, integer, number

ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


def linear(inputs: int, outputs: int) -> nn.Module:
    """One affine map. As a discriminator it sees no more of a law than the mean code."""
    return nn.Linear(inputs, outputs)


def mlp(inputs: int, outputs: int, width: int, depth: int, activation: str) -> nn.Module:
    """A multilayer perceptron: `depth` hidden layers of `width` units; depth ≤ 1000, width ≤ 2^16."""
    width, depth = integer("width", width, 1, 2**16), integer("depth", depth, 1, 1000)
    nonlinearity = ACTIVATIONS[choice("activation", activation, ACTIVATIONS)]
    layers: list[nn.Module] = []
    for fan_in in [inputs, *[width] * (depth - 1)]:
        layers += [nn.Linear(fan_in, width), nonlinearity()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class Point(nn.Module):
    """θ, whatever the input: the generator of the Dirac-GAN, with θ = start before training.

    Source: Mescheder et al. 2018, arXiv 1801.04406, definition 2.1.
    """

    def __init__(self, outputs: int, start: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.full((outputs,), number("start", start, -math.inf)))

    def forward(self, inputs: Tensor) -> Tensor:
        """[..., inputs] → [..., outputs]."""
        return self.theta.expand(*inputs.shape[:-1], -1)


class Slope(nn.Module):
    """ψ · x: the discriminator of the Dirac-GAN, linear and without a bias, with ψ = start before training."""

    def __init__(self, inputs: int, start: float) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.full((1, inputs), number("start", start, -math.inf)))

    def forward(self, codes: Tensor) -> Tensor:
        """[..., inputs] → [..., 1]."""
        return F.linear(codes, self.psi)
