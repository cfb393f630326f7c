import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from patterngan.gan.generators import generator
from patterngan.gan.heads import gumbel_straight_through
from patterngan.gan.networks import mlp
from patterngan.gan.objectives import BoundarySeeking, MaximumLikelihood, NonSaturating
from patterngan.gan.penalties import R1, R2
from patterngan.gan.step import Batch, Draw, Players, optimizer_step
from patterngan.gan.updates import Alternating, Critic, Joint, Simultaneous
from patterngan.training.capture import Captured
from patterngan.validation import InvalidValueError


class Batched(nn.Module):
    """Linear layers of many members at once: [members, batch, in] → [members, batch, out]."""

    def __init__(self, layers):
        super().__init__()
        self.weight = nn.Parameter(torch.stack([layer.weight.detach().T for layer in layers]))
        self.bias = nn.Parameter(torch.stack([layer.bias.detach() for layer in layers]).unsqueeze(1))

    def forward(self, x):
        return torch.baddbmm(self.bias, x, self.weight)


def players(generator, discriminator, lr=0.1):
    """SGD, so that an update shows the gradient itself."""
    steps = [torch.optim.SGD(network.parameters(), lr).step for network in (generator, discriminator)]
    return Players(
        generator,
        lambda codes: discriminator(codes).squeeze(-1),
        optimizer_step(generator, steps[0]),
        optimizer_step(discriminator, steps[1]),
    )


def step(update, both, reals, noise, objective=None, penalties=(), interpolation=(None,)):
    """One GAN step on reals [..., batches · batch, width] and noise [draws, ..., batch, dim]."""
    batches = reals.chunk(update.discriminator_steps, -2)
    draws = tuple(Draw(noise[index]) for index in range(update.draws))
    return update(both, objective or NonSaturating(), nn.ModuleList(penalties), Batch(batches, draws, interpolation))


@pytest.mark.parametrize("update", [Joint(), Alternating()])
def test_members_of_a_population_move_as_if_alone(update):
    members, batch, dim, width = 3, 5, 4, 6
    generators = [nn.Linear(dim, width) for _ in range(members)]
    discriminators = [nn.Linear(width, 1) for _ in range(members)]
    together = Batched(generators), Batched(discriminators)
    reals = torch.randn(members, batch, width)
    noise = torch.randn(update.draws, members, batch, dim)

    losses = step(update, players(*together), reals, noise)

    assert losses.generator.shape == losses.discriminator.shape == (members,)
    for member in range(members):
        alone = generators[member], discriminators[member]
        own = step(update, players(*alone), reals[member], noise[:, member])
        assert torch.allclose(own.generator, losses.generator[member])
        assert torch.allclose(own.discriminator, losses.discriminator[member])
        for single, fused in zip(alone, together, strict=True):
            assert torch.allclose(single.weight.T, fused.weight[member], atol=1e-6)
            assert torch.allclose(single.bias, fused.bias[member, 0], atol=1e-6)


def test_joint_moves_the_generator_against_the_old_discriminator_and_reuses_its_fakes():
    generator, discriminator = nn.Linear(2, 3), nn.Linear(3, 1)
    old_generator, old_discriminator = copy.deepcopy(generator), copy.deepcopy(discriminator)
    reals, noise, bce = torch.randn(4, 3), torch.randn(4, 2), nn.BCEWithLogitsLoss()
    step(Joint(), players(generator, discriminator), reals, noise[None])

    fakes = old_generator(noise)
    bce(old_discriminator(fakes), torch.ones(4, 1)).backward()
    assert torch.allclose(generator.weight, old_generator.weight - 0.1 * old_generator.weight.grad)
    old_discriminator.zero_grad()
    loss = bce(old_discriminator(reals), torch.ones(4, 1)) + bce(old_discriminator(fakes.detach()), torch.zeros(4, 1))
    (loss / 2).backward()
    assert torch.allclose(discriminator.weight, old_discriminator.weight - 0.1 * old_discriminator.weight.grad)


@torch.no_grad()
@pytest.mark.parametrize("update", [Joint(), Alternating()])
def test_a_population_can_be_captured(update):
    def population():
        torch.manual_seed(0)
        together = Batched([nn.Linear(4, 6) for _ in range(3)]), Batched([nn.Linear(6, 1) for _ in range(3)])
        moved = players(*together)

        @torch.enable_grad()
        def gan_step(reals, noise):
            return tuple(step(update, moved, reals, noise))

        return together, gan_step

    (plain, _), plain_step = population()
    (fast, _), fast_step = population()
    captured = Captured(fast_step)
    for _ in range(5):
        reals, noise = torch.randn(3, 5, 6), torch.randn(update.draws, 3, 5, 4)
        for a, b in zip(plain_step(reals, noise), captured(reals, noise), strict=True):
            assert a.shape == (3,)
            assert torch.equal(a, b)
    assert torch.equal(plain.weight, fast.weight)


def test_a_critic_is_trained_several_times_on_fresh_batches_before_the_generator():
    generator, discriminator = nn.Linear(2, 3), nn.Linear(3, 1)
    old_generator, old_discriminator = copy.deepcopy(generator), copy.deepcopy(discriminator)
    reals, noise, bce = torch.randn(8, 3), torch.randn(3, 4, 2), nn.BCEWithLogitsLoss()
    step(Critic(2), players(generator, discriminator), reals, noise, interpolation=(None, None))

    sgd = torch.optim.SGD(old_discriminator.parameters(), 0.1)
    for x, z in zip(reals.chunk(2), noise[:2], strict=True):
        sgd.zero_grad()
        fakes = old_generator(z).detach()
        (bce(old_discriminator(x), torch.ones(4, 1)) + bce(old_discriminator(fakes), torch.zeros(4, 1))).backward()
        sgd.step()
    assert torch.allclose(discriminator.weight, old_discriminator.weight)
    bce(old_discriminator(old_generator(noise[2])), torch.ones(4, 1)).backward()
    assert torch.allclose(generator.weight, old_generator.weight - 0.1 * old_generator.weight.grad)


def test_penalties_are_added_to_the_loss_before_it_is_halved():
    generator, discriminator = nn.Linear(2, 3), nn.Linear(3, 1)
    slope, reals, noise = discriminator.weight.detach().square().sum(), torch.randn(4, 3), torch.randn(1, 4, 2)
    plain = step(Joint(), players(copy.deepcopy(generator), copy.deepcopy(discriminator)), reals, noise)
    both = step(Joint(), players(generator, discriminator), reals, noise, penalties=[R1(2.0), R2(0.5)])
    assert torch.allclose(both.discriminator - plain.discriminator, (2.0 + 0.5) / 2 * slope / 2)


@pytest.mark.parametrize(
    ("options", "named"),
    [({"ema": 1.0}, "ema=1"), ({"ema": -0.1}, "ema="), ({"instance_noise": -1}, "instance_noise=")],
)
def test_what_surrounds_a_step_must_be_in_range(options, named):
    with pytest.raises(InvalidValueError, match=f"^{named}"):
        Joint(**options)


def drawing_pair():
    """A generator that draws three bits, and a discriminator, the same every time."""
    torch.manual_seed(3)
    return generator(nn.Linear(4, 3), gumbel_straight_through(1.0), 4, (1, 1, 1)), mlp(3, 1, 8, 1, "tanh")


def test_one_look_at_reals_and_fakes_is_what_two_of_the_same_discriminator_are():
    reals, noise = torch.randint(0, 2, (8, 3)).float(), torch.rand(1, 8, 4 + 3)
    proposals = torch.randint(0, 2, (1, 2, 3)).float()
    batch = Batch((reals,), (Draw(noise[0], proposals),))
    found = []
    for update in (Joint(), Simultaneous()):
        networks = drawing_pair()
        losses = update(players(*networks), BoundarySeeking(8, 0.25, (1, 1, 1), 8), nn.ModuleList(), batch)
        found.append([*losses, *(weight.detach() for network in networks for weight in network.parameters())])
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(*found, strict=True))


def test_the_generator_is_judged_without_noise_on_the_states_of_the_discriminator():
    reals, noise = torch.randint(0, 2, (8, 3)).float(), torch.rand(1, 8, 4 + 3)
    batch = Batch((reals,), (Draw(noise[0], torch.randint(0, 2, (1, 2, 3)).float()),))
    objective = BoundarySeeking(8, 0.25, (1, 1, 1), 8)

    def step(discriminate, noiseless):
        made, discriminator = drawing_pair()
        both = players(made, discriminator)
        given = replace(both, discriminator=discriminate(both.discriminator), noiseless_discriminator=noiseless(both))
        Simultaneous()(given, objective, nn.ModuleList(), batch)
        return [made[0].weight.detach(), discriminator[0].weight.detach()]

    def trembling(discriminator):
        return lambda codes: discriminator(codes) * 3

    quiet = step(lambda clear: clear, lambda both: None)
    noisy = step(trembling, lambda both: both.discriminator)
    assert torch.equal(noisy[0], quiet[0])
    assert not torch.allclose(noisy[1], quiet[1])


def test_maximum_likelihood_moves_the_generator_alone():
    reals, noise = torch.randint(0, 2, (8, 3)).float(), torch.rand(8, 4 + 3)
    made, discriminator = drawing_pair()
    logits = made[0](noise[:, :4])
    loss = nn.functional.binary_cross_entropy_with_logits(logits, reals, reduction="none").sum(-1).mean()
    expected = made[0].weight.detach() - 0.1 * torch.autograd.grad(loss, made[0].weight)[0]
    before = [weight.detach().clone() for weight in discriminator.parameters()]
    batch = Batch((reals,), (Draw(noise, reals[None]),))
    losses = Joint()(players(made, discriminator), MaximumLikelihood((1, 1, 1)), nn.ModuleList(), batch)
    assert torch.allclose(losses.generator, loss.detach(), atol=1e-6)
    assert losses.discriminator == 0
    assert torch.allclose(made[0].weight, expected, atol=1e-6)
    assert all(torch.equal(one, other) for one, other in zip(before, discriminator.parameters(), strict=True))
