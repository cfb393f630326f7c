import math

import torch
from torch import nn

from patterngan.objectives import nonsaturating


def test_nonsaturating_is_bce_on_probabilities():
    real, fake = torch.tensor([[0.3], [-1.2], [2.0]]), torch.tensor([[1.5], [0.1], [-0.7]])
    bce, one, zero = nn.BCELoss(), torch.ones(3, 1), torch.zeros(3, 1)
    objective = nonsaturating()
    d = (bce(real.sigmoid(), one) + bce(fake.sigmoid(), zero)) / 2
    assert torch.allclose(objective.discriminator(real.squeeze(-1), fake.squeeze(-1)), d)
    assert torch.allclose(objective.generator(fake.squeeze(-1)), bce(fake.sigmoid(), one))


def test_nonsaturating_by_hand():
    # one logit of 0 costs log 2 on every side; −log σ(log 3) = log(4/3)
    objective = nonsaturating()
    assert torch.isclose(objective.real(torch.zeros(1)), torch.tensor(math.log(2)))
    assert torch.isclose(objective.real(torch.tensor([math.log(3)])), torch.tensor(math.log(4 / 3)))
    assert torch.isclose(objective.fake(torch.tensor([math.log(3)])), torch.tensor(math.log(4)))


def test_members_stay_apart():
    logits = torch.randn(4, 7)
    objective = nonsaturating()
    for loss in (objective.real, objective.fake, objective.generator):
        assert torch.allclose(loss(logits), torch.stack([loss(member) for member in logits]))


def test_large_logits_stay_finite():
    objective = nonsaturating()
    assert objective.fake(torch.tensor([1e4])) == 1e4
    assert objective.real(torch.tensor([1e4])) == 0
