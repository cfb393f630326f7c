import pytest
import torch
from torch import nn

from patterngan.gan.optimizers import SGD, Adam
from patterngan.training.capture import Captured
from patterngan.validation import InvalidValueError


def test_adam_is_torchs_with_these_options():
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizers = Adam(0.01, [0.5, 0.9])(ours.parameters()), torch.optim.Adam(theirs.parameters(), 0.01, (0.5, 0.9))
    for _ in range(20):
        x = torch.randn(4, 3)
        for network, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            network(x).square().mean().backward()
            optimizer.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)


def test_adam_keeps_its_step_counts_side_by_side():
    network = nn.Linear(3, 2)
    optimizer = Adam(0.01, [0.5, 0.9])(network.parameters())

    def step():
        network(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        return [optimizer.state[weight]["step"] for weight in network.parameters()]

    for steps in (1, 2):
        counts = step()
        assert [count.item() for count in counts] == [steps, steps]
        assert counts[0].untyped_storage().data_ptr() == counts[1].untyped_storage().data_ptr()
        optimizer.load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize("betas", [[0.9], [0.9, 1], [-0.1, 0.9], "ab", 3, [0.5, 0.9, 0.99], None])
def test_betas_must_be_two_shares(betas):
    with pytest.raises(InvalidValueError, match="^betas="):
        Adam(0.01, betas)


@pytest.mark.parametrize("capture", [True, False])
def test_a_falling_lr_is_torchs_adam_with_that_lr(capture):
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizer = Adam(0.1, [0.5, 0.9], "linear")(ours.parameters())
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
        assert optimizer.param_groups[0]["lr"] == pytest.approx(plain.param_groups[0]["lr"])
        plain.zero_grad()
        theirs(x).square().mean().backward()
        plain.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)
    assert optimizer.state_dict()["param_groups"][0]["lr"] == 0.1  # a number: checkpoints hold no schedules


def test_gradient_descent_goes_its_lr_along_the_gradient():
    weight = nn.Parameter(torch.randn(3))
    start, weight.grad = weight.detach().clone(), torch.randn(3)
    optimizer = SGD(0.5, "cosine")([weight])
    optimizer.move_to(0.5)
    optimizer.step()
    assert torch.allclose(weight, start - 0.25 * weight.grad)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.25)
    assert optimizer.state_dict()["param_groups"][0]["lr"] == 0.5


@pytest.mark.parametrize(
    ("lr", "decay", "named"), [(0, "none", "lr=0"), ([1, 0], "none", "lr="), (1, "steep", "decay=")]
)
def test_impossible_rates_name_the_value(lr, decay, named):
    for factory in (lambda: Adam(lr, [0.5, 0.9], decay), lambda: SGD(lr, decay)):
        with pytest.raises(InvalidValueError, match=f"^{named}"):
            factory()
