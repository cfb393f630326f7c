"""The Dirac-GAN, where theory says exactly what converges. Mescheder et al. 2018, arXiv 1801.04406."""

import math

import pytest
import torch
from torch import nn

from patterngan.gan.objectives import NonSaturating
from patterngan.gan.penalties import R1
from patterngan.gan.step import Fakes, Players
from patterngan.gan.updates import discriminator_loss
from patterngan.runs.assembly import assemble
from tests.support.training import fit

pytestmark = pytest.mark.end_to_end  # trains until theory says that it converged


def distance(config, *overrides):
    """The distance of (θ, ψ) from the equilibrium after training; before training it is √2."""
    composed = config("experiment=dirac", "evaluate_every=1000", *overrides)
    gan, data = assemble(composed)
    fit(composed, gan, data)
    return math.hypot(*(weight.item() for weight in gan.parameters()))


@pytest.mark.parametrize(
    ("circling", "far"),
    [
        # Drifts inwards ever more slowly: its eigenvalues are imaginary at the origin.
        ("objective=nonsaturating", 0.3),
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
        ("update.instance_noise=1 batch_size=1024", 0.1),  # the noise itself stays
        ("update.instance_noise=[1,0] batch_size=1024", 0.05),
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
        reals, fakes = torch.zeros(1, 1, dtype=weights.dtype), Fakes(theta.view(1, 1))
        g_loss = NonSaturating().generator_loss(players.discriminator(fakes.codes))
        d_loss = discriminator_loss(players, NonSaturating(), nn.ModuleList([R1(gamma)]), reals, fakes, None)
        (along_theta,) = torch.autograd.grad(g_loss, theta)
        (along_psi,) = torch.autograd.grad(d_loss, psi)
        return -torch.stack([along_theta, along_psi])

    origin, step = torch.zeros(2, dtype=torch.float64, requires_grad=True), 1e-6
    units = torch.eye(2, dtype=torch.float64)
    columns = [(field(origin + step * unit) - field(origin - step * unit)) / (2 * step) for unit in units]
    eigenvalues = torch.linalg.eigvals(torch.stack(columns, 1)).tolist()
    root = complex(gamma**2 / 4 - 1 / 4) ** 0.5
    expected = [-gamma / 2 - root, -gamma / 2 + root]
    # At γ = 1 they coincide: their sum and product are known to many digits, each of them to half as many.
    assert sum(eigenvalues) == pytest.approx(sum(expected), abs=1e-6)
    assert eigenvalues[0] * eigenvalues[1] == pytest.approx(expected[0] * expected[1], abs=1e-6)
