import pytest
import torch
from torch import nn

from patterngan.gan.optimizers import PopulationAdam, PopulationSGD, adam, sgd
from patterngan.training.capture import Captured
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


@pytest.mark.parametrize("capture", [True, False])
def test_a_falling_lr_is_torchs_adam_with_that_lr(capture):
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizer = adam(0.1, [0.5, 0.9], "linear")(ours.parameters())
    plain = torch.optim.Adam(theirs.parameters(), 0.1, (0.5, 0.9))

    def step(x):
        gradients = torch.autograd.grad(ours(x).square().mean(), list(ours.parameters()))
        for parameter, gradient in zip(ours.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        return (x,)

    taken = Captured(step) if capture else step
    for index in range(10):
        x = torch.randn(4, 3)
        optimizer.move_to(index / 10)
        taken(x)
        plain.param_groups[0]["lr"] = 0.1 * (1 - index / 10)
        plain.zero_grad()
        theirs(x).square().mean().backward()
        plain.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)
    assert optimizer.state_dict()["param_groups"][0]["lr"] == 0.1  # a number: checkpoints hold no schedules


def test_gradient_descent_alone_and_in_a_population():
    settings = [sgd(0.1), sgd(0.5, "cosine")]
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


@pytest.mark.parametrize(
    ("lr", "decay", "named"), [(0, "none", "lr=0"), ([1, 0], "none", "lr="), (1, "steep", "decay=")]
)
def test_impossible_rates_name_the_value(lr, decay, named):
    for factory in (lambda: adam(lr, [0.5, 0.9], decay), lambda: sgd(lr, decay)):
        with pytest.raises(InvalidValueError, match=f"^{named}"):
            factory()
