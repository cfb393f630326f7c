import pytest
import torch
from torch import nn

from patterngan.data.encodings import BLANK, Binary, cut_to
from patterngan.gan.cells import CELLS
from patterngan.gan.enumeration import every_code
from patterngan.gan.generators import generator
from patterngan.gan.growing import (
    GrowingDiscriminator,
    GrowingGenerator,
    GrowingGeneratorNetwork,
    StateNoise,
    one_size,
    state_numbers,
)
from patterngan.gan.heads import gumbel_straight_through
from patterngan.gan.objectives import BoundarySeeking
from patterngan.gan.step import Fakes
from patterngan.validation import InvalidValueError, UsageError

SYMBOLS = {"bits": (1,) * 4, "digits": (3,) * 3}


def made(symbols, cell="second_order", latent=1, noise=0.0):
    torch.manual_seed(0)
    network = GrowingGeneratorNetwork(symbols, 5, cell, noise)
    grown = generator(network, gumbel_straight_through(1.0), latent, symbols)
    assert isinstance(grown, GrowingGenerator)
    return grown


def rows(lengths, symbols):
    """Noise of codes of these lengths."""
    return torch.cat([torch.tensor(lengths)[:, None], torch.rand(len(lengths), sum(symbols))], -1)


def require_exact_law(grown, symbols):
    """Checks that the law of codes of each length has the sum 1, and that codes are drawn by it."""
    every = every_code(symbols, torch.empty(0))
    for length in range(1, len(symbols) + 1):
        cut = cut_to(every, torch.tensor(length), symbols).unique(dim=0)
        codes, log_p = grown(rows([float(length)] * len(cut), symbols), cut[None])
        assert torch.equal(codes, cut)
        assert torch.isclose(log_p.exp().sum(), torch.tensor(1.0), atol=1e-6)
    many = 20_000
    with torch.no_grad():
        drawn = grown(rows([2.0] * many, symbols))
    two = cut_to(every, torch.tensor(2), symbols).unique(dim=0)
    shares = (drawn.unsqueeze(1) == two).all(-1).float().mean(0)
    assert torch.allclose(shares, grown(rows([2.0] * len(two), symbols), two[None])[1].exp(), atol=1.5e-2)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("symbols", SYMBOLS.values(), ids=SYMBOLS)
def test_the_law_of_codes_of_each_length_is_exact(symbols, cell):
    require_exact_law(made(symbols, cell), symbols)


def test_a_short_code_is_made_as_a_generator_of_short_codes_makes_it():
    grown, symbols = made(SYMBOLS["bits"]), (1, 1)
    short = generator(grown[0].__class__(symbols, 5, "second_order"), gumbel_straight_through(1.0), 1, symbols)
    weights = grown.state_dict()
    short.load_state_dict({name: weights[name] for name in short.state_dict()})
    noise = rows([2.0] * 50, SYMBOLS["bits"])
    expected = short(torch.cat([noise[:, :1], noise[:, 3:]], -1))
    assert torch.equal(grown(noise), torch.cat([torch.full((50, 2), BLANK), expected], -1))


def test_without_latents_all_codes_have_all_symbols():
    grown = made(SYMBOLS["bits"], latent=0)
    codes = grown(torch.rand(30, 4))
    assert set(codes.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(
        made(SYMBOLS["bits"])(torch.cat([torch.full((30, 1), 4.0), torch.rand(30, 4)], -1)) < 0, codes < 0
    )


def test_longer_codes_share_the_weights_and_end_as_those_in_training_do():
    grown = made(SYMBOLS["bits"])
    longer = grown.lengthened(7)
    digits = longer.sample_digits(100, torch.Generator().manual_seed(0))
    assert digits.shape == (100, 7)
    assert set(digits.unique().tolist()) == {0, 1}
    assert all(one is other for one, other in zip(grown.parameters(), longer.parameters(), strict=True))
    network, state = longer[0], torch.randn(2, 5)
    assert isinstance(network, GrowingGeneratorNetwork)
    assert grown[0].symbols == 4
    expected = [3, 3, 3, 3, 2, 1, 0]
    for index, place in enumerate(expected):
        assert torch.equal(network.raw_output(index, state), network.writes[place](state))


def test_many_longer_codes_are_made_some_at_a_time(monkeypatch):
    longer, seen = made(SYMBOLS["bits"]).lengthened(7), list[int]()
    together = longer.sample_digits(100, torch.Generator().manual_seed(0))
    longer.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    monkeypatch.setattr("patterngan.gan.growing.SYMBOLS_AT_ONCE", 7 * 40)
    assert torch.equal(longer.sample_digits(100, torch.Generator().manual_seed(0)), together)
    assert seen == [40, 40, 20]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("symbols", SYMBOLS.values(), ids=SYMBOLS)
def test_the_discriminator_reads_what_is_there(symbols, cell):
    network, size = GrowingDiscriminator(symbols, 1, 5, cell), symbols[0]
    nn.init.normal_(network.starts.weight)
    code = every_code(symbols, torch.empty(0))[5:6]
    for length in range(len(symbols) + 1):
        state = network.cell.first()[None]
        for symbol in code.split(size, -1)[len(symbols) - length :]:
            state = network.cell(*network.cell.read(symbol), state)
        hidden = nn.functional.leaky_relu(network.hidden(state), 0.2)
        bias = network.starts.weight[:, len(symbols) - length] if length else torch.zeros(1)
        found = network(cut_to(code, torch.tensor([length]), symbols))
        assert torch.allclose(found, network.sums(hidden) + bias, atol=1e-6)


def test_state_noise_is_sigma_times_the_numbers_of_a_step():
    noise = StateNoise(0.5, 3, 2)
    assert noise.numbers == 6
    assert [step.tolist() for step in noise(torch.arange(6.0)[None])] == [[[0.0, 0.5]], [[1.0, 1.5]], [[2.0, 2.5]]]
    assert noise(None) == [None] * 3
    assert StateNoise(0, 3, 2).numbers == 0
    with pytest.raises(InvalidValueError, match="^noise=-1"):
        StateNoise(-1, 3, 2)


def test_noise_on_the_states_changes_codes_and_logits():
    torch.manual_seed(1)
    symbols = SYMBOLS["bits"]
    grown, network = made(symbols, noise=0.5), GrowingDiscriminator(symbols, 1, 5, "second_order", 0.5)
    assert (state_numbers(grown[0]), state_numbers(network), state_numbers(nn.Linear(1, 1))) == (15, 20, 0)
    codes, noise = every_code(symbols, torch.empty(0)), torch.full((16, 5), 0.5)
    noise[:, 0] = 4
    silent, loud = (grown(noise, codes[None], numbers)[1] for numbers in (torch.zeros(16, 15), torch.randn(16, 15)))
    assert torch.allclose(silent, grown(noise, codes[None])[1])
    assert not torch.allclose(silent, loud, atol=1e-3)
    assert torch.allclose(network(codes), network(codes, torch.zeros(16, 20)))
    assert not torch.allclose(network(codes), network(codes, torch.randn(16, 20)), atol=1e-3)


def test_dropout_drops_a_share_of_the_last_state():
    torch.manual_seed(1)
    network = GrowingDiscriminator(SYMBOLS["bits"], 1, 400, "second_order", 0, dropout=0.25)
    assert state_numbers(network) == 400
    states = list[torch.Tensor]()
    network.hidden.register_forward_pre_hook(lambda _, inputs: states.append(inputs[0]))
    code = torch.ones(1, 4)
    network(code)
    network(code, torch.randn(1, 400))
    whole, dropped = states
    assert (dropped == 0).float().mean() == pytest.approx(0.25, abs=0.06)
    assert torch.allclose(dropped[dropped != 0], whole[dropped != 0] / 0.75)
    with pytest.raises(InvalidValueError, match="^dropout=1: must be below 1"):
        GrowingDiscriminator(SYMBOLS["bits"], 1, 4, "second_order", dropout=1)


def test_exploration_is_uniform_on_codes_of_the_same_length():
    objective = BoundarySeeking(4, 0.5, SYMBOLS["bits"], 4, lengths=True)
    codes = cut_to(torch.ones(4, 4), torch.tensor([1, 2, 3, 4]), SYMBOLS["bits"])
    log_p = torch.tensor([-0.5, -1.0, -2.0, -3.0])
    logits = torch.tensor([0.3, -0.2, 1.0, 0.0])
    uniform = torch.tensor([2.0, 4.0, 8.0, 16.0]).reciprocal()
    baseline = log_p.exp() / (0.5 * log_p.exp() + 0.5 * uniform)
    expected = -((4 * logits.softmax(0) - baseline) * log_p).mean()
    assert torch.isclose(objective.weighed_loss(Fakes(codes, log_p), logits), expected)


def test_symbols_must_be_of_one_size():
    assert one_size(Binary(128).symbols) == 1
    with pytest.raises(UsageError, match=r"symbols must be of one size, not of \[5, 20\]"):
        one_size((20, 5))


@pytest.mark.parametrize("width", [0, 1.5, "wide", 2**16 + 1])
@pytest.mark.parametrize("cell", CELLS)
def test_widths_must_be_sane(cell, width):
    with pytest.raises(InvalidValueError, match="^width="):
        GrowingGeneratorNetwork((1, 1), width, cell)
    with pytest.raises(InvalidValueError, match="^width="):
        GrowingDiscriminator((1, 1), 1, width, cell)


def test_an_unknown_cell_is_named():
    with pytest.raises(InvalidValueError, match="^cell=third: must be one of second_order, orthogonal, gated"):
        GrowingGeneratorNetwork((1, 1), 4, "third")
