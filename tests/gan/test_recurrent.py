import pytest
import torch
from torch import nn

from patterngan.gan.recurrent import Cell, mlp_writer, recurrent_reader, recurrent_writer
from patterngan.validation import InvalidValueError


def test_the_cell_is_pytorchs():
    ours, theirs = Cell(4), nn.GRUCell(5, 4)
    read = nn.Linear(5, 12)
    read.load_state_dict({"weight": theirs.weight_ih, "bias": theirs.bias_ih})
    ours.recur.load_state_dict({"weight": theirs.weight_hh, "bias": theirs.bias_hh})
    seen, state = torch.randn(3, 5), torch.randn(3, 4)
    assert torch.allclose(ours(read(seen), state), theirs(seen, state), atol=1e-6)


def test_a_reader_reads_symbol_by_symbol():
    reader = recurrent_reader((2, 1), 1, 4)
    codes = torch.randn(6, 5, 3)
    state = reader.cell(reader.reads[0](codes[..., :2]), torch.zeros(6, 5, 4))
    state = reader.cell(reader.reads[1](codes[..., 2:]), state)
    assert torch.allclose(reader(codes), reader.sums(state))


def test_a_code_of_one_symbol_is_written_without_a_cell():
    writer = recurrent_writer(0, (3,), 4)
    writer.raw(0, writer.start(torch.empty(2, 0))).sum().backward()
    assert all(parameter.grad is not None for parameter in writer.parameters())


@pytest.mark.parametrize("width", [0, 1.5, "wide", 2**16 + 1])
def test_widths_must_be_sane(width):
    for network in (recurrent_writer, mlp_writer):
        with pytest.raises(InvalidValueError, match="^width="):
            network(1, (1, 1), width)
    with pytest.raises(InvalidValueError, match="^width="):
        recurrent_reader((1, 1), 1, width)
