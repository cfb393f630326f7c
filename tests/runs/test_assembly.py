import pytest
import torch

from patterngan.paths import CONF
from patterngan.runs.assembly import assemble, run_spec

EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes_and_assembles(config, experiment):
    gan, data = assemble(config(f"experiment={experiment}"))
    assert data.steps in (500, 1000, 2000, 5000, 10_000)
    assert gan.evaluator.pattern.size in (64, 20, 10, 1, 1366)


def test_an_experiment_can_be_overridden(config):
    composed = config("experiment=multiples_of_five", "lr=0.5", "pattern.k=4", "pattern.stop=40")
    gan, _ = assemble(composed)
    assert gan.evaluator.encoding.width == 25 + 4
    assert composed.optimizer.generator.lr == composed.optimizer.discriminator.lr == 0.5


def test_runs_of_one_spec_share_all_but_what_the_seed_decides(config):
    spec = run_spec(config("experiment=plain"))
    first, again, other = spec.gan(1), spec.gan(1), spec.gan(2)
    assert torch.equal(first.generator[0][0].weight, again.generator[0][0].weight)
    assert not torch.equal(first.generator[0][0].weight, other.generator[0][0].weight)
    assert first.objective is not again.objective
    device = torch.device("cpu")
    reals = [spec.build_data(seed).read(0, 2, device) for seed in (1, 1, 2)]
    assert torch.equal(reals[0], reals[1])
    assert not torch.equal(reals[0], reals[2])
