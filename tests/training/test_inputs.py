import pytest
import torch

from patterngan.data.encodings import cut_to
from patterngan.gan.step import Players
from patterngan.runs.assembly import run_spec
from patterngan.training.inputs import step_batch, with_instance_noise, with_state_noise


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
        (
            "architecture=automaton architecture.width=3 encoding.lengths=all batch_size=8 "
            "architecture.discriminator.dropout=0.1",
            {
                "noise": (1, 8, 8),
                "proposals": (1, 1, 4, 7),
                "generator_state": (1, 8, 6 * 3),
                "discriminator_state": (1, 8, 7 * 3 + 3),
            },
        ),
        (
            "architecture=automaton architecture.generator.noise=0 architecture.noise=0 batch_size=8",
            {"noise": (1, 8, 7), "proposals": (1, 1, 4, 7)},
        ),
        (
            "update=simultaneous update.instance_noise=0.1 batch_size=8",
            {"noise": (1, 8, 7), "proposals": (1, 1, 4, 7), "instance_noise": (1, 16, 7)},
        ),
        ("objective=maximum_likelihood batch_size=8", {"noise": (1, 8, 7)}),
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
    batch = step_batch(reals, inputs, spec.rules)
    assert torch.equal(torch.cat(batch.reals), reals)
    assert [len(one) for one in batch.reals] == [8, 8, 8]
    assert torch.equal(torch.stack([draw.noise for draw in batch.draws]), inputs["noise"])
    assert torch.equal(torch.stack(batch.interpolation), inputs["interpolation"])


def test_instance_noise_is_scaled_for_each_member():
    noise, sigma = torch.randn(2, 3, 5, 4), torch.tensor([0.0, 1.0, 2.0])
    noisy = with_instance_noise(lambda codes: codes, noise, sigma)
    for index in range(2):
        assert torch.equal(noisy(torch.ones(3, 5, 4)), 1 + sigma[:, None, None] * noise[index])


def test_a_fake_is_as_long_as_the_real_beside_it_and_likelihood_is_of_the_reals(config):
    spec = run_spec(
        config("architecture=automaton", "encoding.lengths=all", "batch_size=4", "objective=maximum_likelihood")
    )
    inputs = {name: torch.rand(given.shape) for name, given in spec.inputs.items()}
    lengths = torch.tensor([1, 7, 3, 2])
    reals = cut_to(torch.ones(4, 7), lengths, (1,) * 7)
    (draw,) = step_batch(reals, inputs, spec.rules, symbol_size=1).draws
    assert torch.equal(draw.noise[:, 0], lengths.float())
    assert torch.equal(draw.noise[:, 1:], inputs["noise"][0, :, 1:])
    assert draw.proposals is not None
    assert torch.equal(draw.proposals, reals[None])


def test_all_batches_of_a_step_get_the_same_noise_on_the_states():
    read = list[tuple[torch.Tensor | None, ...]]()

    def player(*inputs):
        read.append(inputs)
        return inputs[0][..., 0]

    noises = {name: torch.randn(1, 3, 5) for name in ("generator_state", "discriminator_state")}
    players = with_state_noise(Players(player, player, player, player), noises)
    noise, given, codes = torch.rand(3, 2), torch.rand(1, 3, 2), torch.rand(6, 2)
    players.generator(noise, given)
    players.generator(noise)
    assert torch.equal(players.discriminator(codes), codes[:, 0])
    assert torch.equal(players.discriminator(codes[:3]), codes[:3, 0])
    generator_noise, discriminator_noise = noises["generator_state"][0], noises["discriminator_state"][0]
    assert read[1][1] is None
    assert all(torch.equal(inputs[2], generator_noise) for inputs in read[:2])
    assert torch.equal(read[2][0], codes.unflatten(0, (2, 3)))
    assert all(torch.equal(inputs[1], discriminator_noise[None]) for inputs in read[2:])
    assert players.noiseless_discriminator is player
    silent = Players(player, player, player, player)
    assert with_state_noise(silent, {}) == silent
