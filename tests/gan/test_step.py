import torch
from torch import nn

from patterngan.gan.step import optimizer_step


def taken(network, others=()):
    """A function that takes the network one step of plain gradient descent down a loss."""
    return optimizer_step(network, torch.optim.SGD([*network.parameters(), *others], 0.5).step)


def test_a_step_goes_down_the_gradient_of_its_own_network_alone():
    generator, discriminator = nn.Linear(2, 3), nn.Linear(3, 1)
    noise, start = torch.randn(4, 2), generator.weight.detach().clone()
    loss = discriminator(generator(noise)).mean()
    (gradient,) = torch.autograd.grad(loss, generator.weight, retain_graph=True)
    taken(generator)(loss)
    assert torch.equal(generator.weight, start - 0.5 * gradient)
    assert all(parameter.grad is None for parameter in discriminator.parameters())


def test_gradients_of_earlier_steps_are_replaced():
    network = nn.Linear(1, 1, bias=False)
    step = taken(network)
    for factor in (3.0, 2.0):
        step(factor * network.weight.sum())
        assert network.weight.grad.item() == factor


def test_members_losses_move_their_own_weights():
    members = nn.Linear(2, 3, bias=False)  # one row of weights for each of three members
    start = members.weight.detach().clone()
    taken(members)(members.weight.sum(1) * torch.tensor([1.0, 0.0, 2.0]))
    moved = start - members.weight
    assert torch.allclose(moved, torch.tensor([[0.5, 0.5], [0.0, 0.0], [1.0, 1.0]]))


def test_a_gradient_that_lies_otherwise_in_memory_is_followed():
    network, scale = nn.Linear(2, 3, bias=False), torch.tensor([[1.0, -1.0, 1.0], [1.0, 1.0, -1.0]])
    start = network.weight.detach().clone()
    step = optimizer_step(network, torch.optim.Adam(network.parameters(), 0.5, fused=True).step)
    step((network.weight.t() * scale).sum())  # the gradient is a transposed view, which fused Adam would read wrong
    assert torch.allclose(start - network.weight, 0.5 * scale.t())
