import torch
from torch import nn

from patterngan.gan.optimizers import SGD, Adam
from patterngan.population.optimizers import PopulationAdam, PopulationSGD


def test_members_follow_torchs_adam_with_their_own_lr_and_betas():
    settings = [Adam(lr, betas) for betas in ([0.9, 0.999], [0.5, 0.9]) for lr in (1e-3, 1e-2, 1.0)]
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


def test_members_descend_with_their_own_lr_as_they_would_alone():
    settings = [SGD(0.1), SGD(0.5, "cosine")]
    together = nn.Parameter(torch.randn(2, 3))
    alone = [nn.Parameter(row.detach().clone()) for row in together]
    population = PopulationSGD([together], settings)
    single = [one([parameter]) for one, parameter in zip(settings, alone, strict=True)]
    start, gradient = together.detach().clone(), torch.randn(2, 3)
    together.grad = gradient
    for parameter, own in zip(alone, gradient, strict=True):
        parameter.grad = own
    for optimizer in (population, *single):
        optimizer.move_to(0.5)
        optimizer.step()
    expected = start - torch.tensor([[0.1], [0.25]]) * gradient
    assert torch.allclose(together, expected)
    assert torch.allclose(torch.stack(alone), expected)
