import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from patterngan.gan.networks import linear, mlp
from patterngan.population.stacking import Population, share_weights


class Recurrent(nn.Module):
    """An ordinary module: a cell read symbol by symbol, a residual map, and a matrix of its own."""

    def __init__(self, inputs, outputs, hidden=5):
        super().__init__()
        self.read, self.gate = nn.Linear(1, hidden), nn.Linear(hidden, hidden)
        self.mix = nn.Parameter(torch.randn(hidden, outputs))

    def forward(self, x):
        state = torch.zeros(*x.shape[:-1], 5, device=x.device)
        for symbol in x.split(1, -1):
            state = torch.tanh(self.gate(state) + self.read(symbol)) + F.linear(state, self.gate.weight)
        return state @ self.mix


NETWORKS = {
    "linear": linear,
    "one output": lambda inputs, _: linear(inputs, 1),
    "mlp": lambda inputs, outputs: mlp(inputs, outputs, width=6, depth=2, activation="tanh"),
    "recurrent": Recurrent,
    "no bias": lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False),
}


@pytest.mark.parametrize("network", NETWORKS)
@given(members=st.integers(1, 4), batch=st.integers(1, 5), inputs=st.integers(1, 4), outputs=st.integers(1, 4))
@settings(max_examples=15)
def test_members_give_what_they_give_alone_and_so_do_their_gradients(network, members, batch, inputs, outputs):
    alone = [NETWORKS[network](inputs, outputs) for _ in range(members)]
    together = Population(alone)
    x = torch.randn(members, batch, inputs, requires_grad=True)
    found = together(x)
    expected = torch.stack([one(rows) for one, rows in zip(alone, x, strict=True)])
    assert torch.allclose(found, expected, atol=1e-6)
    weight = torch.randn_like(found)
    gradients = torch.autograd.grad(found, [x, *together.parameters()], weight, retain_graph=True)
    own = torch.autograd.grad(expected, [x, *(p for one in alone for p in one.parameters())], weight)
    assert torch.allclose(gradients[0], own[0], atol=1e-5)
    count = len(list(alone[0].parameters()))
    stacked = [torch.stack(own[1 + index :: count]) for index in range(count)]
    for ours, theirs in zip(gradients[1:], stacked, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_gradients_of_gradients_stay_apart_too(network):
    alone = [NETWORKS[network](3, 1) for _ in range(3)]
    together, x = Population(alone), torch.randn(3, 4, 3, requires_grad=True)

    def penalty(logits, codes, weights):
        (slope,) = torch.autograd.grad(logits.sum(), codes, create_graph=True)
        return torch.autograd.grad(slope.square().sum() + 0 * sum(w.sum() for w in weights), weights)

    found = penalty(together(x), x, list(together.parameters()))
    for member, one in enumerate(alone):
        rows = x[member].detach().requires_grad_()
        for ours, theirs in zip(found, penalty(one(rows), rows, list(one.parameters())), strict=True):
            assert torch.allclose(ours[member], theirs, atol=1e-5)


def test_a_member_is_the_module_it_was_made_from_and_shares_the_weights():
    alone = [mlp(3, 2, width=4, depth=1, activation="relu") for _ in range(3)]
    together = Population(alone)
    member, x = together.member(1), torch.randn(5, 3)
    assert [type(layer) for layer in member] == [type(layer) for layer in alone[1]]
    assert torch.equal(member(x), alone[1](x))
    with torch.no_grad():
        next(together.parameters())[1].zero_()
    assert not member[0].weight.any()
    assert member.training
    assert not together.eval().member(0).training
    assert alone[1][0].weight.any()


def test_names_of_weights_tell_the_members_apart_from_the_rest():
    together = Population([linear(2, 3), linear(2, 3)])
    assert {name: tuple(weight.shape) for name, weight in together.state_dict().items()} == {
        "members.weight": (2, 3, 2),
        "members.bias": (2, 3),
    }


def test_a_part_that_shares_weights_sees_the_whole_change_and_the_other_way_round():
    networks = [nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)) for _ in range(5)]
    whole, part = Population(networks), Population(networks[:2])
    share_weights(whole, part, slice(3, 5))
    weights, buffers = dict(whole.named_parameters()), dict(whole.named_buffers())
    for name, weight in part.named_parameters():
        assert torch.equal(weight, weights[name][3:])
        assert weight.requires_grad
    with torch.no_grad():
        for own in (*weights.values(), *buffers.values()):
            own.fill_(7)
        for own in (*part.parameters(), *part.buffers()):
            assert own.unique().tolist() == [7]
            own[1] = 8
    for own in (*weights.values(), *buffers.values()):
        assert [row.unique().tolist() for row in own] == [[7]] * 4 + [[8]]
