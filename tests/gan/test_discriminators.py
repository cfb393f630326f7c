import pytest
import torch
from torch import nn

from patterngan.gan.discriminators import (
    MinibatchStddev,
    Packed,
    compared,
    discriminator,
    each_code_once,
    reads_few_codes,
    spectrally_normalised,
)
from patterngan.gan.enumeration import every_code
from patterngan.gan.networks import Slope, linear, mlp
from patterngan.gan.recurrent import RecurrentDiscriminator
from patterngan.gan.step import Players, optimizer_step
from patterngan.population.stacking import Population
from patterngan.validation import InvalidValueError


def built(**options):
    return discriminator(lambda symbols: linear(sum(symbols), 1), (2, 1), 12, **options)


def test_without_options_it_is_the_network():
    assert type(built()) is nn.Linear
    assert compared(built()) == 1


def test_a_pack_has_one_logit():
    packed = built(pack=3)
    assert compared(packed) == 3
    codes = torch.randn(4, 12, 3)
    assert packed(codes).shape == (4, 4, 1)
    assert torch.allclose(packed(codes), packed.network(codes.reshape(4, 4, 9)))


def test_minibatch_stddev_by_hand():
    network = built(minibatch_stddev=2)
    codes = torch.randn(12, 3)
    spread = (codes[::2] - codes[1::2]).abs() / 2  # the standard deviation of two numbers
    feature = spread.mean(1).repeat_interleave(2)[:, None]
    assert torch.allclose(network(codes), network.network(torch.cat([codes, feature], 1)), atol=1e-4)
    assert compared(network) == 2


def test_spectral_norm_divides_by_the_largest_singular_value():
    torch.manual_seed(0)
    network = spectrally_normalised(mlp(5, 1, 8, 1, "relu"))
    for _ in range(100):
        network(torch.zeros(1, 5))
    for layer in (network[0], network[2]):
        assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(1, abs=1e-3)
    before = [buffer.clone() for buffer in network.buffers()]
    network.eval()(torch.zeros(1, 5))
    assert all(torch.equal(a, b) for a, b in zip(before, network.buffers(), strict=True))


def test_members_iterate_on_their_own():
    alone = [spectrally_normalised(nn.Linear(4, 3)) for _ in range(2)]
    together, inputs = Population(alone), torch.randn(2, 5, 4)
    for _ in range(3):
        outputs = together(inputs)
        expected = torch.stack([one(own) for one, own in zip(alone, inputs, strict=True)])
        assert torch.allclose(outputs, expected, atol=1e-6)
    for index, one in enumerate(alone):
        for ours, own in zip(together.member(index).buffers(), one.buffers(), strict=True):
            assert torch.allclose(ours, own, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pack": 5}, "pack=5: must divide batch_size=12"),
        ({"pack": 0}, "pack=0"),
        ({"minibatch_stddev": 5}, "minibatch_stddev=5: must be 0, or at least 2 and divide batch_size=12"),
        ({"minibatch_stddev": 1}, "minibatch_stddev=1"),
        ({"pack": 4, "minibatch_stddev": 2}, "divide batch_size/pack=3"),
        ({"spectral_norm": "yes"}, "spectral_norm=yes: must be true or false"),
    ],
)
def test_impossible_options_name_the_value(options, message):
    with pytest.raises(InvalidValueError, match=message):
        built(**options)


def test_packs_are_of_a_network_with_one_output_for_each():
    assert Packed(nn.Linear(6, 1), 2)(torch.zeros(4, 3)).shape == (2, 1)


READS_ALONE = {
    "mlp": mlp(5, 1, 8, 2, "leaky_relu"),
    "linear": nn.Linear(5, 1),
    "recurrent": RecurrentDiscriminator((2, 2, 1), 1, 4),
    "dirac": Slope(5, 1.0),
}
DOES_NOT = {
    "packed": Packed(nn.Linear(10, 1), 2),
    "stddev": MinibatchStddev(nn.Linear(6, 1), 2),
    "normalised": spectrally_normalised(nn.Linear(5, 1)),
    "somebody's": nn.Sequential(nn.Linear(5, 1), nn.Dropout()),
}


@pytest.mark.parametrize("name", [*READS_ALONE, *DOES_NOT])
def test_codes_are_few_for_discriminators_that_read_each_alone(name):
    discriminator = (READS_ALONE | DOES_NOT)[name]
    assert reads_few_codes(discriminator, (2, 2, 1), 5) is (name in READS_ALONE)
    assert not reads_few_codes(discriminator, (2, 2, 1), 4)
    assert not reads_few_codes(discriminator, (), 5)


def test_each_code_is_read_once_until_the_discriminator_steps():
    network, reads = mlp(4, 1, 8, 1, "tanh"), []

    def discriminate(codes):
        reads.append(codes.shape)
        return network(codes).squeeze(-1)

    step = optimizer_step(network, torch.optim.SGD(network.parameters(), lr=0.1).step)
    players = Players(nn.Identity(), discriminate, nn.Identity(), step)
    once = each_code_once(players, (3, 1), torch.zeros(()))
    codes = every_code((3, 1), torch.zeros(()))[torch.randint(6, (40,))]
    with torch.no_grad():
        first = once.discriminator(codes)
    loss, plain = (one.discriminator(codes).square().mean() for one in (once, players))
    assert reads == [(6, 4), (40, 4)]
    assert torch.allclose(first.square().mean(), plain)
    weights = list(network.parameters())
    expected = torch.autograd.grad(plain, weights)
    once.step_discriminator(loss)
    assert all(torch.allclose(weight.grad, slope, atol=1e-6) for weight, slope in zip(weights, expected, strict=True))
    assert torch.allclose(once.discriminator(codes), network(codes).squeeze(-1), atol=1e-6)
    assert reads[2:] == [(6, 4)]
