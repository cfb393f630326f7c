import pytest
import torch
from torch import nn

from patterngan.capture import Captured
from patterngan.validation import UsageError


def sgd_like_step(seed=0):
    """A step that trains in place, with an optimizer that has state."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, fused=True)
    calls = []

    @torch.enable_grad()
    def step(x, y):
        calls.append(1)
        loss = (network(x).squeeze(-1) - y).square().mean(-1)
        for parameter, gradient in zip(
            network.parameters(), torch.autograd.grad(loss, list(network.parameters())), strict=True
        ):
            parameter.grad = gradient
        optimizer.step()
        return loss.detach(), next(iter(network.parameters())).grad

    return network, step, calls


@torch.no_grad()
def test_replaying_is_bitwise_the_step_and_runs_no_python():
    plain, plain_step, plain_calls = sgd_like_step()
    fast, fast_step, fast_calls = sgd_like_step()
    captured = Captured(fast_step)
    for _ in range(50):
        x, y = torch.randn(5, 3), torch.randn(5)
        for a, b in zip(plain_step(x, y), captured(x, y), strict=True):
            assert torch.equal(a, b)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), fast.parameters(), strict=True))
    assert (len(plain_calls), len(fast_calls)) == (50, 2)


@torch.no_grad()
def test_a_tensor_changed_in_place_is_read_anew():
    scale = torch.ones(())
    captured = Captured(lambda x: (x * scale,))
    for factor in (1.0, 2.0, 3.0, 4.0):
        scale.fill_(factor)
        assert captured(torch.ones(2))[0].tolist() == [factor, factor]


def test_a_step_that_branches_on_values_is_refused():
    captured = Captured(lambda x: (x + x.max().item(),))
    captured(torch.ones(2))
    with pytest.raises(UsageError, match="capture=true: .*use false"):
        captured(torch.ones(2))
