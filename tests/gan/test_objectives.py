"""Objectives against PyTorch's losses and values worked out by hand."""

import math

import pytest
import torch
from torch import nn

from patterngan.gan.generators import replaced
from patterngan.gan.objectives import (
    BoundarySeeking,
    Hinge,
    LeastSquares,
    NonSaturating,
    Objective,
    Relativistic,
    Separable,
    Wasserstein,
)
from patterngan.gan.step import Draw, Fakes, Players
from patterngan.validation import InvalidValueError

REAL, FAKE = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([1.5, 0.1, -0.7])


def test_nonsaturating_is_bce_on_probabilities():
    bce, one, zero = nn.BCELoss(), torch.ones(3), torch.zeros(3)
    objective = NonSaturating()
    d = bce(REAL.sigmoid(), one) + bce(FAKE.sigmoid(), zero)
    assert torch.allclose(objective.discriminator_loss(REAL, FAKE), d)
    assert torch.allclose(objective.generator_loss(FAKE), bce(FAKE.sigmoid(), one))


def test_smoothing_moves_the_label_of_reals_alone():
    bce = nn.BCELoss()
    objective = NonSaturating(0.25)
    assert torch.allclose(objective.real_loss(REAL), bce(REAL.sigmoid(), torch.full((3,), 0.75)))
    assert torch.allclose(objective.fake_loss(FAKE), bce(FAKE.sigmoid(), torch.zeros(3)))
    assert torch.allclose(objective.generator_loss(FAKE), bce(FAKE.sigmoid(), torch.ones(3)))


def test_nonsaturating_by_hand():
    # one logit of 0 costs log 2 on every side; −log σ(log 3) = log(4/3)
    objective = NonSaturating()
    assert torch.isclose(objective.real_loss(torch.zeros(1)), torch.tensor(math.log(2)))
    assert torch.isclose(objective.real_loss(torch.tensor([math.log(3)])), torch.tensor(math.log(4 / 3)))
    assert torch.isclose(objective.fake_loss(torch.tensor([math.log(3)])), torch.tensor(math.log(4)))


@pytest.mark.parametrize(
    ("objective", "discriminator", "generator"),
    [
        # relu(1−l) of 0.3, −1.2, 2 is 0.7, 2.2, 0; relu(1+l) of 1.5, 0.1, −0.7 is 2.5, 1.1, 0.3
        (Hinge(), (0.7 + 2.2 + 0) / 3 + (2.5 + 1.1 + 0.3) / 3, -(1.5 + 0.1 - 0.7) / 3),
        (LeastSquares(), (0.49 + 4.84 + 1) / 6 + (2.25 + 0.01 + 0.49) / 6, (0.25 + 0.81 + 2.89) / 6),
        (Wasserstein(), (1.5 + 0.1 - 0.7) / 3 - (0.3 - 1.2 + 2.0) / 3, -(1.5 + 0.1 - 0.7) / 3),
    ],
)
def test_by_hand(objective, discriminator, generator):
    assert objective.discriminator_loss(REAL, FAKE).item() == pytest.approx(discriminator)
    assert objective.generator_loss(FAKE).item() == pytest.approx(generator)


def sp(x):
    return math.log1p(math.exp(x))


def test_relativistic_pairs_each_fake_with_a_real():
    objective = Relativistic()
    pairs = [(0.3, 1.5), (-1.2, 0.1), (2.0, -0.7)]
    d = sum(sp(fake - real) for real, fake in pairs) / 3
    g = sum(sp(real - fake) for real, fake in pairs) / 3
    assert objective.discriminator_loss(REAL, FAKE).item() == pytest.approx(d)
    players = Players(None, lambda codes: codes.squeeze(-1), None, None)
    codes = REAL[:, None], FAKE[:, None]
    assert objective.generator_step_loss(players, Fakes(codes[1]), codes[0]).item() == pytest.approx(g)


class Table:
    """A generator of two bits whose four codes have the probabilities of a softmax."""

    def __init__(self):
        self.logits = torch.tensor([0.1, -0.4, 0.9, 0.0], requires_grad=True)

    def law(self):
        return self.logits.softmax(-1)

    def log_prob(self, codes):
        return self.law().log()[(codes @ torch.tensor([2.0, 1.0])).long().clamp(max=3)]

    def __call__(self, noise, given):
        ranks = torch.searchsorted(self.law().detach().cumsum(0), noise[..., 0]).clamp(max=3)
        codes = replaced(torch.stack([ranks // 2, ranks % 2], -1).float(), given)
        return codes, self.log_prob(codes)


def score(codes):
    """A discriminator."""
    return codes @ torch.tensor([0.7, -1.1]) + 0.2


def test_boundary_seeking_by_hand():
    table, noise = Table(), torch.rand(8, 1)
    objective = BoundarySeeking(4, 0.0, (1, 1), 8)
    players = Players(table, score, None, None)
    fakes = objective.fakes(players, Draw(noise, torch.empty(2, 0, 2)))
    loss = objective.generator_step_loss(players, fakes, None)
    expected = 0.0
    for group in fakes.codes.split(4):
        weights = score(group).exp() / score(group).exp().sum()
        expected = expected - ((weights - 1 / 4) * table.log_prob(group)).sum() / 2  # of two noise vectors
    assert torch.allclose(loss, expected)


def test_what_boundary_seeking_explores_replaces_the_first_of_each_group():
    table, noise = Table(), torch.rand(8, 1)
    objective = BoundarySeeking(4, 0.3, (1, 1), 8)  # ⌈1.2⌉ = 2 of 4
    proposals = torch.full((2, 2, 2), 7.0)
    fakes, _ = objective.fakes(Players(table, None, None, None), Draw(noise, proposals))
    assert (fakes == 7).all(-1).tolist() == [True, True, False, False] * 2
    assert torch.equal(fakes[2:4], table(noise, torch.empty(2, 0, 2))[0][2:4])


def test_exploration_leaves_the_direction_unbiased():
    """With the best discriminator of a uniform truth, G's mean gradient is that of the likelihood, explored or not."""
    table, source = Table(), torch.Generator().manual_seed(0)
    law, count = table.law().detach(), 400_000
    share = 0.25
    q = (1 - share) * law + share / 4
    objective = BoundarySeeking(count, share, (1, 1), count)
    ranks = torch.arange(4)
    codes = torch.stack([ranks // 2, ranks % 2], -1).float()
    draw = Draw(torch.rand(count, 1, generator=source), codes[torch.randint(4, (1, count // 4), generator=source)])

    def best(codes):
        return (0.25 / q).log()[(codes @ torch.tensor([2.0, 1.0])).long()]

    players = Players(table, best, None, None)
    loss = objective.generator_step_loss(players, objective.fakes(players, draw), None)
    (gradient,) = torch.autograd.grad(loss, table.logits)
    assert torch.allclose(gradient, law - 0.25, atol=3e-3)  # of −Σ ¼ log softmax


@pytest.mark.parametrize("objective", [NonSaturating(), Hinge(), LeastSquares(), Wasserstein(), NonSaturating(0.1)])
def test_members_stay_apart(objective):
    logits = torch.randn(4, 7)
    for loss in (objective.real_loss, objective.fake_loss, objective.generator_loss):
        assert torch.allclose(loss(logits), torch.stack([loss(member) for member in logits]))


def test_which_objectives_are_separable():
    assert isinstance(BoundarySeeking(2, 0.1, (1,), 4), Separable)
    assert isinstance(Relativistic(), Objective)
    assert not isinstance(Relativistic(), Separable)


def test_large_logits_stay_finite():
    objective = NonSaturating()
    assert objective.fake_loss(torch.tensor([1e4])) == 1e4
    assert objective.real_loss(torch.tensor([1e4])) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((3, 0.1, (1,), 8), "samples=3: must divide batch_size=8"),
        ((1, 0.1, (1,), 8), "samples=1"),
        ((4, 1.0, (1,), 8), "exploration=1.0"),
        ((4, -0.1, (1,), 8), "exploration=-0.1"),
    ],
)
def test_impossible_options_name_the_value(options, message):
    with pytest.raises(InvalidValueError, match=message):
        BoundarySeeking(*options)
    assert BoundarySeeking(4, 0.9, (1,), 8).explored == 3  # one of them is still the generator's
    with pytest.raises(InvalidValueError, match="^smoothing"):
        NonSaturating(1.5)
