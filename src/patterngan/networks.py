"""Networks: ordinary modules from [..., inputs] to [..., outputs], used for generator and discriminator alike."""

from torch import nn

from patterngan.validation import choice, integer

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
