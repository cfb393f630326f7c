import itertools

import pytest
import torch
from torch import nn

from patterngan.gan.generators import AutoregressiveGenerator, Generator, generator
from patterngan.gan.heads import gumbel_straight_through, sigmoid, straight_through
from patterngan.gan.recurrent import AutoregressiveMlp, RecurrentGeneratorNetwork
from patterngan.population.stacking import Population

SYMBOLS = (3, 1, 2)
CODES = torch.tensor(
    [[*a, b, *c] for a, b, c in itertools.product(torch.eye(3).tolist(), [0.0, 1.0], torch.eye(2).tolist())]
)
"""All hard codes of these symbols."""
NETWORKS = {"mlp": AutoregressiveMlp, "recurrent": RecurrentGeneratorNetwork}


def made(name, latent):
    torch.manual_seed(0)
    return generator(NETWORKS[name](latent, SYMBOLS, 8), gumbel_straight_through(1.0), latent, SYMBOLS)


def test_a_plain_network_is_followed_by_the_head():
    network = nn.Linear(4, 3)
    plain = generator(network, sigmoid(), 4, (1, 1, 1))
    noise = torch.randn(5, 4)
    assert type(plain) is Generator
    assert torch.equal(plain(noise), network(noise).sigmoid())


def test_what_the_head_draws_comes_after_the_latents():
    network = nn.Linear(4, 6)
    drawing = generator(network, gumbel_straight_through(1.0), 4, SYMBOLS)
    noise = torch.rand(5, 4 + 6)
    assert torch.equal(drawing(noise), gumbel_straight_through(1.0)(network(noise[:, :4]), noise[:, 4:], SYMBOLS))


@pytest.mark.parametrize("latent", [0, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_law_of_made_codes_is_exact(name, latent):
    autoregressive = made(name, latent)
    assert isinstance(autoregressive, AutoregressiveGenerator)
    latents = torch.randn(1, latent)
    noise = torch.cat([latents.expand(len(CODES), -1), torch.rand(len(CODES), 6)], -1)
    law = autoregressive(noise, CODES).exp()
    assert torch.isclose(law.sum(), torch.tensor(1.0), atol=1e-6)
    many = torch.cat(
        [latents.expand(50_000, -1), torch.rand(50_000, 6, generator=torch.Generator().manual_seed(0))], -1
    )
    with torch.no_grad():
        made_codes = autoregressive(many)
    shares = (made_codes.unsqueeze(1) == CODES).all(-1).float().mean(0)
    assert torch.allclose(shares, law, atol=8e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_symbol_depends_on_those_before_it_alone(name):
    autoregressive = made(name, 0)
    network, noise = autoregressive[0], torch.rand(1, 6).expand(len(CODES), -1)
    log_probs = autoregressive(noise, CODES).view(3, 2, 2)
    first = log_probs.exp().sum((1, 2))  # of the first symbol, whatever follows
    assert torch.allclose(first, network.raw_output(0, network.initial_state(noise[:1, :0])).softmax(-1)[0], atol=1e-6)


def test_gradients_go_through_straight_through_symbols():
    made_of_symbols = generator(RecurrentGeneratorNetwork(2, SYMBOLS, 8), straight_through(1.0), 2, SYMBOLS)
    made_of_symbols(torch.randn(4, 2)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in made_of_symbols[0].cell.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_population_makes_and_weighs_codes_as_its_members(name):
    members = [made(name, 2) for _ in range(3)]
    together, noise = Population(members), torch.rand(3, 12, 8)
    codes = together(noise)
    assert torch.equal(codes, torch.stack([one(own) for one, own in zip(members, noise, strict=True)]))
    expected = torch.stack([one(own, CODES) for one, own in zip(members, noise, strict=True)])
    assert torch.allclose(together(noise, CODES.expand(3, -1, -1)), expected, atol=1e-6)
