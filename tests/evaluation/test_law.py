import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.evaluation.law import MOST_ROWS, Law, exact_inputs, exact_rows, generated_law, sampled_inputs
from patterngan.gan.heads import gumbel, gumbel_straight_through, sigmoid
from patterngan.gan.noise import Bits, Gaussian, Joined, Nothing, Uniform
from patterngan.population.module import PopulationGAN
from patterngan.runs.assembly import run_spec

CPU = torch.device("cpu")
KNOWN = {
    "autoregressive": ["architecture=autoregressive", "architecture.width=16"],
    "recurrent": ["architecture=recurrent", "architecture.width=16"],
    "one-hots": ["architecture=autoregressive", "architecture.width=16", "encoding=onehot", "pattern.k=5"],
    "digits": ["architecture=autoregressive", "architecture.width=16", "encoding=digits", "encoding.capacity=100"],
    "a mixture": ["architecture=autoregressive", "architecture.width=16", "noise=bits", "noise.dim=3"],
    "a recurrent mixture": ["architecture=recurrent", "architecture.width=16", "noise=bits", "noise.dim=3"],
    "independent symbols": ["architecture=mlp", "architecture.width=16", "noise=bits", "noise.dim=3"],
    "a linear map": ["architecture=linear", "noise=bits", "noise.dim=5", "encoding=onehot", "pattern.k=5"],
}
"""Generators whose head samples, and whose law is computed."""
LISTED = {head: ["architecture=mlp", "noise=bits", "noise.dim=6", f"head={head}"] for head in ("sigmoid", "softmax")}
"""Generators whose head draws nothing: all their noise is listed."""
FEWER = ("one-hots", "digits", "a mixture", "a recurrent mixture")
"""Those whose architecture and head another one has, which is held against a million draws."""


def known_law(gan):
    ours = gan.evaluator
    return generated_law(gan.trained_generator, ours.draw(CPU).law, ours.encoding, ours.samples)[1]


def drawn_shares(gan, count):
    """The share of each integer among many draws."""
    ours, source = gan.evaluator, torch.Generator().manual_seed(5)
    chunks = [
        generated_law(gan.trained_generator, sampled_inputs(ours.noise, count // 10, source), ours.encoding, 1)[1]
        for _ in range(10)
    ]
    return torch.bincount(torch.cat([chunk.integers for chunk in chunks]), minlength=150).double() / count


def sharpened(gan):
    """A GAN whose law is far from uniform, as after training."""
    with torch.no_grad():
        for weight in gan.parameters():
            weight.mul_(2)
    return gan


def require_the_same(law, shares, draws):
    table = torch.zeros_like(shares).index_add_(0, law.integers, law.probabilities)
    errors = (table * (1 - table) / draws).sqrt()
    assert ((shares - table).abs() <= 5 * errors + 1e-6).all()  # five standard errors, and the rounding of weights
    assert table.max() > 3 / 150


@pytest.mark.parametrize("name", KNOWN | LISTED)
def test_the_law_is_that_of_a_million_draws(config, name):
    parts, draws = (KNOWN | LISTED)[name], 200_000 if name in FEWER else 1_000_000
    objective = "objective=nonsaturating" if name in LISTED else "objective=boundary_seeking"
    gan = sharpened(run_spec(config(*parts, objective)).gan(0))
    law = known_law(gan)
    assert law.exact
    assert law.probabilities.sum().item() == pytest.approx(1)
    require_the_same(law, drawn_shares(gan, draws), draws)


@pytest.mark.parametrize("parts", (KNOWN | LISTED).values(), ids=KNOWN | LISTED)
def test_members_of_a_population_have_the_laws_of_runs_alone(config, parts):
    objective = "objective=nonsaturating" if parts in LISTED.values() else "objective=boundary_seeking"
    spec = run_spec(config(*parts, objective))
    alone = [sharpened(spec.gan(seed)) for seed in (0, 1)]
    together = PopulationGAN(alone)
    for number, gan in enumerate(alone):
        member, own = together.trained_generator.member(number), gan.evaluator
        law = generated_law(member, own.draw(CPU).law, own.encoding, own.samples)[1]
        torch.testing.assert_close(law.probabilities, known_law(gan).probabilities)


@pytest.mark.parametrize(
    ("head", "noise", "symbols", "rows"),
    [
        (sigmoid(), Bits(4), (1,) * 7, 16),
        (sigmoid(), Gaussian(4), (1,) * 7, None),
        (gumbel_straight_through(1.0), Joined(Nothing(), Uniform(16)), (1,) * 16, MOST_ROWS),
        (gumbel_straight_through(1.0), Joined(Nothing(), Uniform(17)), (1,) * 17, None),
        (gumbel_straight_through(1.0), Joined(Bits(2), Uniform(9)), (5, 4), 4 * 20),
        (gumbel_straight_through(1.0), Joined(Bits(10), Uniform(7)), (1,) * 7, None),
        (gumbel_straight_through(1.0), Joined(Gaussian(2), Uniform(9)), (5, 4), None),
        (gumbel(1.0), Joined(Nothing(), Uniform(3)), (1,) * 3, None),
    ],
)
def test_which_laws_are_known(head, noise, symbols, rows):
    inputs = exact_inputs(head, noise, symbols, torch.device("meta"))
    assert (None if inputs is None else len(inputs.noise)) == rows
    assert exact_rows(head, noise, symbols) == rows


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.integers(1, 10**6))
def test_what_is_seen_in_draws(probabilities, samples):
    p = torch.tensor(probabilities, dtype=torch.float64)
    seen = Law(torch.arange(len(p)), p, exact=True, samples=samples).seen(p)
    assert seen.tolist() == pytest.approx([1 - (1 - one) ** samples for one in probabilities], abs=1e-9)
    counted = Law(torch.arange(len(p)), p, exact=False, samples=samples).seen(p)
    assert counted.tolist() == [float(one > 0) for one in probabilities]
