"""The Dirac-GAN, where theory says exactly what converges. Mescheder et al. 2018, arXiv 1801.04406."""

import math

import pytest
import torch
from torch import nn

from patterngan.gan.objectives import nonsaturating
from patterngan.gan.penalties import r1
from patterngan.gan.step import Players
from patterngan.gan.updates import judged
from patterngan.runs.run import prepare
from patterngan.runs.trainer import trainer


def distance(config, *overrides):
    """Of (θ, ψ) from the equilibrium after training; before, it is √2."""
    run = prepare(config("experiment=dirac", "evaluate_every=1000", *overrides))
    trainer(run.config, logger=False, enable_checkpointing=False).fit(run.gan, run.data)
    return math.hypot(*(weight.item() for weight in run.gan.parameters()))


@pytest.mark.parametrize(
    ("circling", "far"),
    [
        (
            "objective=nonsaturating",
            0.3,
        ),  # drifts inwards ever more slowly: its eigenvalues are imaginary at the origin
        ("objective=wasserstein", 1.0),
        ("objective=wasserstein penalty=wgan_gp", 0.5),
        ("objective=wasserstein update.instance_noise=1", 0.5),
    ],
)
def test_what_does_not_converge(config, circling, far):
    assert distance(config, *circling.split()) > far


@pytest.mark.parametrize(
    ("converging", "close"),
    [
        ("penalty=r1", 1e-4),
        ("penalty=r2", 1e-4),
        ("objective=wasserstein penalty=r1", 1e-4),
        ("objective=relativistic penalty=r1", 1e-4),
        ("update.instance_noise=1 batch_size=4096", 0.1),  # the noise itself stays
        ("update.instance_noise=[1,0] batch_size=4096 steps=2000", 0.05),
    ],
)
def test_what_converges(config, converging, close):
    assert distance(config, *converging.split()) < close


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_eigenvalues_at_the_equilibrium(gamma):
    """−γ/2 ± √(γ²/4 − f′(0)²), with f′(0) = ½ for the logistic loss."""

    def field(weights):
        theta, psi = weights
        players = Players(None, lambda codes: (codes * psi).squeeze(-1), None, None)
        reals, fakes = torch.zeros(1, 1, dtype=weights.dtype), theta.view(1, 1)
        generator_loss = nonsaturating().generator(players.discriminator(fakes))
        discriminator_loss = judged(players, nonsaturating(), nn.ModuleList([r1(gamma)]), reals, fakes, None)
        (along_theta,) = torch.autograd.grad(generator_loss, theta)
        (along_psi,) = torch.autograd.grad(discriminator_loss, psi)
        return -torch.stack([along_theta, along_psi])

    origin, step = torch.zeros(2, dtype=torch.float64, requires_grad=True), 1e-6
    units = torch.eye(2, dtype=torch.float64)
    columns = [(field(origin + step * unit) - field(origin - step * unit)) / (2 * step) for unit in units]
    found = torch.linalg.eigvals(torch.stack(columns, 1)).tolist()
    root = complex(gamma**2 / 4 - 1 / 4) ** 0.5
    expected = [-gamma / 2 - root, -gamma / 2 + root]
    # At γ = 1 both are one: their mean is found to many digits, themselves to the root of as many.
    assert sum(found) == pytest.approx(sum(expected), abs=1e-6)
    assert found[0] * found[1] == pytest.approx(expected[0] * expected[1], abs=1e-6)
