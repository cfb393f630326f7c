import pytest
import torch
from torch import nn

from patterngan.data.encodings import BLANK, cut_to
from patterngan.gan.enumeration import every_code
from patterngan.gan.generators import generator
from patterngan.gan.growing import state_numbers
from patterngan.gan.heads import gumbel_straight_through
from patterngan.gan.transformer import (
    Block,
    TransformerDiscriminator,
    TransformerGenerator,
    TransformerGeneratorNetwork,
)
from patterngan.population.stacking import Population
from patterngan.validation import InvalidValueError, UsageError
from tests.gan.test_growing import SYMBOLS, require_exact_law, rows

every_kind_of_symbols = pytest.mark.parametrize("symbols", SYMBOLS.values(), ids=SYMBOLS)


def made(symbols, latent=1):
    torch.manual_seed(0)
    network = TransformerGeneratorNetwork(symbols, width=6, layers=2, heads=2)
    grown = generator(network, gumbel_straight_through(1.0), latent, symbols)
    assert isinstance(grown, TransformerGenerator)
    return grown


def test_a_block_is_a_layer_of_the_original_transformer():
    torch.manual_seed(0)
    block, states = Block(6, 2), torch.randn(3, 5, 6)
    reference = nn.TransformerEncoderLayer(6, 2, 24, dropout=0, batch_first=True)
    attention = reference.self_attn
    attention.in_proj_weight.data = torch.cat([block.asks.weight, block.offers.weight])
    attention.in_proj_bias.data = torch.cat([block.asks.bias, block.offers.bias])
    for theirs, ours in (
        (attention.out_proj, block.joins),
        (reference.linear1, block.rises),
        (reference.linear2, block.falls),
    ):
        theirs.load_state_dict(ours.state_dict())
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    expected = reference(states, src_mask=causal, is_causal=True)
    found = block(states, block.offers(states), torch.ones(5, 5).tril() > 0)
    assert torch.allclose(found, expected, atol=1e-5)


@every_kind_of_symbols
def test_the_law_of_codes_of_each_length_is_exact(symbols):
    require_exact_law(made(symbols), symbols)


@every_kind_of_symbols
def test_one_pass_over_codes_gives_what_made_them_symbol_by_symbol(symbols):
    grown, lengths = made(symbols), [1.0, 2.0, 3.0, 3.0]
    network = grown[0]
    assert isinstance(network, TransformerGeneratorNetwork)
    codes = grown(rows(lengths, symbols))
    raws = network.raws_of(codes).split(symbols, -1)
    state, made_before = network.initial_state(torch.tensor(lengths)[:, None]), codes.split(symbols, -1)
    for index in range(len(symbols)):
        if index:
            state = network.next_state(index - 1, state, made_before[index - 1])
        there = torch.tensor(lengths) >= len(symbols) - index
        assert torch.allclose(network.raw_output(index, state)[there], raws[index][there], atol=1e-5)


def test_the_first_rows_of_a_group_are_given_and_the_others_drawn():
    symbols = SYMBOLS["bits"]
    grown, noise = made(symbols), rows([4.0] * 6, symbols)
    given = torch.ones(2, 1, 4)
    codes, log_p = grown(noise, given)
    assert torch.equal(codes[[0, 3]], torch.ones(2, 4))
    assert torch.equal(codes[[1, 2, 4, 5]], grown(noise)[[1, 2, 4, 5]])
    assert torch.allclose(log_p, grown(noise, codes[None])[1], atol=1e-6)
    assert not codes.requires_grad
    assert log_p.requires_grad


def test_a_code_depends_on_the_symbols_that_are_there():
    symbols = SYMBOLS["bits"]
    grown, network = made(symbols), TransformerDiscriminator(symbols, 1, width=6, layers=2, heads=2)
    nn.init.normal_(network.starts.weight)
    generating = grown[0]
    assert isinstance(generating, TransformerGeneratorNetwork)
    code = torch.tensor([[1.0, 0.0, 1.0, 1.0]])
    short = cut_to(code, torch.tensor([2]), symbols)
    for first in range(2):  # what stands before a code is not looked at
        other = torch.where(torch.arange(4) == first, -2.0, short)
        assert torch.equal(network(other), network(short))
        assert torch.equal(generating.raws_of(other)[:, 2:], generating.raws_of(short)[:, 2:])
    assert not torch.allclose(network(code), network(short))
    assert not torch.allclose(network(code), network(torch.tensor([[0.0, 0.0, 1.0, 1.0]])))
    changed = torch.tensor([[1.0, 0.0, 0.0, 1.0]])  # and nothing is known of what comes after
    differences = (generating.raws_of(code) - generating.raws_of(changed)).abs()[0]
    assert (differences > 1e-6).tolist() == [False, False, False, True]


def test_without_latents_all_codes_have_all_symbols():
    codes = made(SYMBOLS["bits"], latent=0)(torch.rand(30, 4))
    assert set(codes.unique().tolist()) == {0.0, 1.0}


def test_longer_codes_share_the_weights_and_clip_the_positions():
    grown = made(SYMBOLS["bits"])
    longer = grown.lengthened(7)
    digits = longer.sample_digits(100, torch.Generator().manual_seed(0))
    assert digits.shape == (100, 7)
    assert set(digits.unique().tolist()) == {0, 1}
    assert all(one is other for one, other in zip(grown.parameters(), longer.parameters(), strict=True))
    assert isinstance(longer, TransformerGenerator)
    network = longer[0]
    assert isinstance(network, TransformerGeneratorNetwork)
    embedded = network.layers.embed(torch.full((7, 1), BLANK), torch.arange(7, 0, -1))
    assert all(torch.equal(embedded[index], embedded[3]) for index in range(3))
    assert not torch.equal(embedded[4], embedded[3])


def test_noise_on_the_states_changes_logits():
    torch.manual_seed(1)
    symbols = SYMBOLS["bits"]
    network = TransformerDiscriminator(symbols, 1, width=6, layers=2, heads=2, noise=0.5)
    assert (state_numbers(made(symbols)[0]), state_numbers(network)) == (0, 24)
    codes = every_code(symbols, torch.empty(0))
    assert torch.allclose(network(codes), network(codes, torch.zeros(16, 24)))
    assert not torch.allclose(network(codes), network(codes, torch.randn(16, 24)), atol=1e-3)


def test_members_of_a_population_are_computed_at_once():
    torch.manual_seed(1)
    symbols = SYMBOLS["bits"]
    generators = [made(symbols) for _ in range(2)]
    for one in generators[1].parameters():
        nn.init.normal_(one)
    population, noise = Population(generators), torch.stack([rows([2.0, 4.0, 1.0], symbols)] * 2)
    given = torch.ones(2, 1, 1, 4)
    codes, log_p = population(noise, given)
    for member, one in enumerate(generators):
        expected = one(noise[member], given[member])
        assert torch.equal(codes[member], expected[0])
        assert torch.allclose(log_p[member], expected[1], atol=1e-5)


@pytest.mark.parametrize(
    ("sizes", "line"),
    [
        ({"width": 0}, "^width=0: must be an integer from 1"),
        ({"heads": 0}, "^heads=0: must be an integer from 1"),
        ({"heads": 5}, "^heads=5: must divide width=6"),
        ({"layers": 17}, "^layers=17: must be an integer from 1 to 16"),
    ],
)
def test_sizes_must_be_sane(sizes, line):
    sizes = {"width": 6, "layers": 1, "heads": 2} | sizes
    with pytest.raises(InvalidValueError, match=line):
        TransformerGeneratorNetwork((1, 1), **sizes)
    with pytest.raises(InvalidValueError, match=line):
        TransformerDiscriminator((1, 1), 1, **sizes)


def test_symbols_must_be_of_one_size():
    with pytest.raises(UsageError, match="symbols must be of one size"):
        TransformerDiscriminator((2, 5), 1, 6, 1, 2)
