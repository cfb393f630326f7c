import pytest
import torch
from torch import nn

from patterngan.optimizers import PopulationAdam, adam
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


def test_members_of_a_population_follow_torchs_adam_with_their_own_lr_and_betas():
    settings = [adam(lr, betas) for betas in ([0.9, 0.999], [0.5, 0.9]) for lr in (1e-3, 1e-2, 1.0)]
    alone = [[nn.Parameter(torch.randn(3, 2)), nn.Parameter(torch.randn(4))] for _ in settings]
    optimizers = [one(parameters) for one, parameters in zip(settings, alone, strict=True)]
    together = [nn.Parameter(torch.stack([one[i].detach() for one in alone])) for i in range(2)]
    population = PopulationAdam(together, settings)
    assert len(population.cuts) == 2
    for step in range(60):
        if step == 30:
            restored = PopulationAdam(together, settings)
            restored.load_state_dict(population.state_dict())
            population = restored
        for index, stacked in enumerate(together):
            stacked.grad = torch.randn_like(stacked)
            for member, one in enumerate(alone):
                one[index].grad = stacked.grad[member].clone()
        for optimizer in (population, *optimizers):
            optimizer.step()
    for member, (one, optimizer) in enumerate(zip(alone, optimizers, strict=True)):
        for index, parameter in enumerate(one):
            assert torch.allclose(together[index][member], parameter, rtol=1e-5, atol=1e-5)
            state, own = population.state_dict()["state"][index], optimizer.state_dict()["state"][index]
            assert torch.equal(state["step"], own["step"])
            assert torch.allclose(state["exp_avg_sq"][member], own["exp_avg_sq"])
        assert population.state_dict()["param_groups"][member] == optimizer.state_dict()["param_groups"]
