import pytest
import torch
from torch import nn

from patterngan.data.encodings import BLANK
from patterngan.gan.cells import GatedCell, OrthogonalCell, SecondOrderCell


@pytest.mark.parametrize("size", [1, 3])
def test_a_second_order_cell_has_a_map_for_each_symbol(size):
    cell, state = SecondOrderCell(size, 4), torch.randn(6, 4)
    symbols = torch.eye(3) if size > 1 else torch.tensor([[0.0], [1.0]])
    maps = cell.maps.weight.unflatten(0, (len(symbols), 4))
    for index, symbol in enumerate(symbols):
        expected = (state @ maps[index].T + cell.biases.weight[:, index]).tanh()
        assert torch.allclose(cell(*cell.read(symbol.expand(6, -1)), state), expected, atol=1e-6)
    blanks = cell(*cell.read(torch.full((6, size), BLANK)), state)
    assert torch.allclose(blanks, cell.first().expand(6, -1))


@pytest.mark.parametrize("size", [1, 3])
def test_an_orthogonal_cell_starts_with_maps_that_keep_lengths(size):
    cell, states = OrthogonalCell(size, 5), torch.randn(7, 5)
    for matrix in cell.maps.weight.split(5):
        assert torch.allclose((states @ matrix.T).norm(dim=-1), states.norm(dim=-1), atol=1e-5)


def test_a_gated_cell_is_the_recurrent_one_with_shared_weights():
    cell, state, symbols = GatedCell(1, 4), torch.randn(3, 4), torch.tensor([[0.0], [1.0], [BLANK]])
    nn.init.normal_(cell.start)
    expected = cell.gates(cell.reads(symbols), state)
    assert torch.equal(cell(*cell.read(symbols), state), torch.cat([expected[:2], cell.first()[None]]))
