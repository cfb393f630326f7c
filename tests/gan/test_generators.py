import itertools

import pytest
import torch
from torch import nn

from patterngan.gan.generators import AutoregressiveGenerator, Generator, generator
from patterngan.gan.heads import gumbel_straight_through, log_prob, sigmoid, straight_through
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
    head = gumbel_straight_through(1.0)
    assert torch.equal(drawing(noise), head(network(noise[:, :4]), head.noise(noise[:, 4:], SYMBOLS), SYMBOLS))


@pytest.mark.parametrize("latent", [0, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_law_of_made_codes_is_exact(name, latent):
    autoregressive = made(name, latent)
    assert isinstance(autoregressive, AutoregressiveGenerator)
    latents = torch.randn(1, latent)
    noise = torch.cat([latents.expand(len(CODES), -1), torch.rand(len(CODES), 6)], -1)
    law = autoregressive(noise, CODES[None])[1].exp()
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
    log_probs = autoregressive(noise, CODES[None])[1].view(3, 2, 2)
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
    given = CODES.roll(3, 0).view(2, 6, 6)[:, :2].expand(3, -1, -1, -1)
    alone = zip(*(one(own, few) for one, own, few in zip(members, noise, given, strict=True)), strict=True)
    for found, own in zip(together(noise, given), alone, strict=True):
        assert torch.allclose(found, torch.stack(own), atol=1e-6)


def log_prob_of(autoregressive, noise, codes):
    """The log-probability of codes, by a second pass in which every code's every symbol is computed."""
    network = autoregressive[0]
    state, total = network.initial_state(noise[:, : autoregressive.latent]), 0.0
    for index, symbol in enumerate(codes.split(SYMBOLS, -1)):
        raw = network.raw_output(index, state)
        total = total + log_prob(raw, symbol, symbol.shape[-1:])
        state = network.next_state(index, state, symbol) if index < 2 else None
    return total


@pytest.mark.parametrize("latent", [0, 2])
@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_one_pass_draws_and_weighs_as_two_passes_do(name, count, groups, latent):
    autoregressive, noise = made(name, latent), torch.rand(20, latent + 6)
    given = CODES[torch.randint(len(CODES), (groups, count))]
    codes, log_p = autoregressive(noise, given)
    expected = autoregressive(noise).detach().view(groups, -1, 6)
    expected[:, :count] = given
    assert torch.equal(codes, expected.view(20, 6))
    assert not codes.requires_grad
    other = log_prob_of(autoregressive, noise, codes)
    assert torch.allclose(log_p, other, atol=1e-6)
    parameters, slopes = list(autoregressive.parameters()), torch.randn(20)
    gradients = [torch.autograd.grad(one, parameters, slopes) for one in (log_p, other)]
    assert all(torch.allclose(ours, theirs, atol=1e-5) for ours, theirs in zip(*gradients, strict=True))


@pytest.mark.parametrize(
    ("batch", "latent", "rows"), [(24, 0, [1, 3, 6]), (6, 0, [1, 3, 6]), (3, 0, [1, 3, 3]), (24, 2, [24] * 3)]
)
def test_a_prefix_is_computed_once_while_there_are_fewer_than_codes(monkeypatch, batch, latent, rows):
    seen, real = [], RecurrentGeneratorNetwork.raw_output
    monkeypatch.setattr(
        RecurrentGeneratorNetwork, "raw_output", lambda *given: seen.append(len(given[2])) or real(*given)
    )
    made("recurrent", latent)(torch.rand(batch, latent + 6), torch.empty(1, 0, 6))
    assert seen == rows


@pytest.mark.parametrize("name", NETWORKS)
def test_raw_outputs_of_several_symbols_are_those_of_each(name):
    network = made(name, 0)[0]
    states = [network.initial_state(torch.zeros(3, 0))]
    states.append(network.next_state(0, states[0], torch.eye(3)).repeat(2, 1))
    for index, raw in enumerate(network.raw_outputs(states)):
        assert torch.allclose(raw, network.raw_output(index, states[index]), atol=1e-6)


def test_a_symbol_of_many_categories_costs_no_table_of_them():
    wide = generator(AutoregressiveMlp(0, (2, 2**14), 1), gumbel_straight_through(1.0), 0, (2, 2**14))
    codes, log_p = wide(torch.rand(3, 2 + 2**14), torch.empty(1, 0, 2 + 2**14))
    assert codes.sum(-1).tolist() == [2, 2, 2]
    assert (log_p < 0).all()


def test_independent_symbols_are_drawn_and_weighed_too():
    drawing, noise = generator(nn.Linear(4, 6), gumbel_straight_through(1.0), 4, SYMBOLS), torch.rand(8, 10)
    codes, log_p = drawing(noise, CODES[None, :3])
    assert torch.equal(codes, torch.cat([CODES[:3], drawing(noise)[3:]]))
    assert torch.equal(log_p, log_prob(drawing[0](noise[:, :4]), codes, SYMBOLS))
