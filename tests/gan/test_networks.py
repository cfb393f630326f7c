import pytest
import torch
from torch import nn

from patterngan.gan.networks import ACTIVATIONS, Point, Slope, linear, mlp
from patterngan.validation import InvalidValueError


def test_linear_is_one_affine_map():
    network = linear(3, 2)
    x = torch.randn(5, 3)
    assert torch.allclose(network(x), x @ network.weight.T + network.bias)


def test_mlp_has_the_layers_it_is_asked_for():
    network = mlp(3, 2, width=8, depth=2, activation="tanh")
    kinds = [type(layer) for layer in network]
    assert kinds == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]
    assert [tuple(layer.weight.shape) for layer in network[::2]] == [(8, 3), (8, 8), (2, 8)]


def test_the_two_networks_of_the_dirac_gan():
    codes = torch.randn(6, 5, 1)
    assert torch.equal(Point(1, 0.5)(codes), torch.full((6, 5, 1), 0.5))
    assert torch.equal(Slope(1, 2.0)(codes), 2 * codes)


@pytest.mark.parametrize("network", [Point, Slope])
@pytest.mark.parametrize("start", ["here", float("inf"), None])
def test_the_start_must_be_a_number(network, start):
    with pytest.raises(InvalidValueError, match="^start="):
        network(1, start)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_leading_axes_are_kept(activation):
    assert mlp(3, 2, 4, 1, activation)(torch.randn(6, 5, 3)).shape == (6, 5, 2)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"width": 0, "depth": 1, "activation": "relu"}, "width=0"),
        ({"width": 8, "depth": 0, "activation": "relu"}, "depth=0"),
        ({"width": 8, "depth": 1, "activation": "swish"}, "activation=swish: must be one of relu, "),
    ],
)
def test_impossible_networks_name_the_value(options, named):
    with pytest.raises(InvalidValueError, match=f"^{named}"):
        mlp(3, 2, **options)
