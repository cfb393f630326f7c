import pytest
import torch
from torch import nn

from patterngan.gan.recurrent import AutoregressiveMlp, Cell, RecurrentDiscriminator, RecurrentGeneratorNetwork
from patterngan.validation import InvalidValueError


def test_the_cell_is_pytorchs():
    ours, theirs = Cell(4), nn.GRUCell(5, 4)
    read = nn.Linear(5, 12)
    read.load_state_dict({"weight": theirs.weight_ih, "bias": theirs.bias_ih})
    ours.recur.load_state_dict({"weight": theirs.weight_hh, "bias": theirs.bias_hh})
    seen, state = torch.randn(3, 5), torch.randn(3, 4)
    assert torch.allclose(ours(read(seen), state), theirs(seen, state), atol=1e-6)


def test_the_discriminator_reads_symbol_by_symbol():
    network = RecurrentDiscriminator((2, 1), 1, 4)
    codes = torch.randn(6, 5, 3)
    state = network.cell(network.reads[0](codes[..., :2]), torch.zeros(6, 5, 4))
    state = network.cell(network.reads[1](codes[..., 2:]), state)
    assert torch.allclose(network(codes), network.sums(state))


def test_a_code_of_one_symbol_is_made_without_a_cell():
    network = RecurrentGeneratorNetwork(0, (3,), 4)
    network.raw_output(0, network.initial_state(torch.empty(2, 0))).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("width", [0, 1.5, "wide", 2**16 + 1])
def test_widths_must_be_sane(width):
    for network in (RecurrentGeneratorNetwork, AutoregressiveMlp):
        with pytest.raises(InvalidValueError, match="^width="):
            network(1, (1, 1), width)
    with pytest.raises(InvalidValueError, match="^width="):
        RecurrentDiscriminator((1, 1), 1, width)
