import pytest
import torch
from torch import nn

from patterngan.optimizers import adam
from patterngan.validation import InvalidValueError


def test_adam_is_torchs_with_these_options():
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizers = adam(0.01, [0.5, 0.9])(ours.parameters()), torch.optim.Adam(theirs.parameters(), 0.01, (0.5, 0.9))
    for _ in range(20):
        x = torch.randn(4, 3)
        for network, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            network(x).square().mean().backward()
            optimizer.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)


@pytest.mark.parametrize("betas", [[0.9], [0.9, 1], [-0.1, 0.9], "ab", 3, [0.5, 0.9, 0.99], None])
def test_betas_must_be_two_shares(betas):
    with pytest.raises(InvalidValueError, match="^betas="):
        adam(0.01, betas)
