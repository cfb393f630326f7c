import pytest
import torch

from patterngan.runs.assembly import run_spec
from patterngan.training.inputs import step_batch, with_instance_noise


@pytest.mark.parametrize(
    ("overrides", "shapes"),
    [
        ("experiment=even_numbers", {"noise": (1, 16, 7)}),
        ("experiment=multiples_of_five", {"noise": (2, 10, 100)}),
        ("batch_size=64", {"noise": (1, 64, 7), "proposals": (1, 1, 26, 7)}),
        (
            "experiment=plain update=critic update.discriminator_steps=3 penalty=wgan_gp update.instance_noise=0.1 "
            "batch_size=8 noise.dim=4",
            {"noise": (4, 8, 4), "interpolation": (3, 8, 1), "instance_noise": (11, 8, 7)},
        ),
    ],
)
def test_a_step_reads_the_random_numbers_that_its_parts_need(config, overrides, shapes):
    inputs = run_spec(config(*overrides.split())).inputs
    assert {name: given.shape for name, given in inputs.items()} == shapes


def test_each_discriminator_step_has_reals_of_its_own(config):
    spec = run_spec(
        config("experiment=plain", "update=critic", "update.discriminator_steps=3", "penalty=wgan_gp", "batch_size=8")
    )
    inputs = {name: torch.randn(given.shape) for name, given in spec.inputs.items()}
    reals = torch.arange(24.0).reshape(24, 1)
    batch = step_batch(reals, inputs, spec.rules[2])
    assert torch.equal(torch.cat(batch.reals), reals)
    assert [len(one) for one in batch.reals] == [8, 8, 8]
    assert torch.equal(torch.stack([draw.noise for draw in batch.draws]), inputs["noise"])
    assert torch.equal(torch.stack(batch.interpolation), inputs["interpolation"])


def test_instance_noise_is_scaled_for_each_member():
    noise, sigma = torch.randn(2, 3, 5, 4), torch.tensor([0.0, 1.0, 2.0])
    noisy = with_instance_noise(lambda codes: codes, noise, sigma)
    for index in range(2):
        assert torch.equal(noisy(torch.ones(3, 5, 4)), 1 + sigma[:, None, None] * noise[index])
