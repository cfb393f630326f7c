"""A population against its members' runs alone: the equality that makes fused sweeps trustworthy."""

import pytest
import torch

from patterngan.gan.networks import mlp
from patterngan.population.module import PopulationGAN
from patterngan.population.stacking import Population
from patterngan.population.streams import stacked_data
from patterngan.runs.assembly import assemble
from patterngan.training.module import GAN, DivergedError
from tests.support.training import fit

pytestmark = pytest.mark.end_to_end  # trains populations and all their members alone

STEPS = 120


def together(config, jobs):
    runs = [assemble(config(*job)) for job in jobs]
    population = PopulationGAN([gan for gan, _ in runs])
    fit(config(*jobs[0]), population, stacked_data([data for _, data in runs]))
    return population


def alone(config, job):
    gan, data = assemble(config(*job))
    fit(config(*job), gan, data)
    return gan


def assert_members_follow_their_runs_alone(config, common, jobs):
    jobs = [[*common, f"steps={STEPS}", *job] for job in jobs]
    population = together(config, jobs)
    assert population.global_step == STEPS
    for member, job in enumerate(jobs):
        own = alone(config, job)
        for ours, theirs in zip(population.state_dict().values(), own.state_dict().values(), strict=True):
            assert torch.allclose(ours[member], theirs, rtol=0, atol=1e-5)
        found, expected = population.evaluations[member].metrics, own.evaluations[0].metrics
        assert found["support"] == expected["support"]
        assert found["validity"] == pytest.approx(expected["validity"], abs=2e-3)
        assert found["d_fake"] == pytest.approx(expected["d_fake"], abs=1e-4)


PLAIN = ["experiment=plain", "evaluation.samples=500", "evaluate_every=70"]
MIXED = [["seed=3"], ["seed=2", "lr=3e-3"], ["seed=1", "lr=1e-4", "optimizer.betas=[0.5,0.9]"]]


@pytest.mark.parametrize("capture", ["true", "false"])
def test_even_numbers(config, capture):
    jobs = [*MIXED, ["pattern.k=3", "pattern.residue=1"], ["pattern.k=7", "pattern.stop=100", "seed=5"]]
    assert_members_follow_their_runs_alone(config, ["experiment=even_numbers", f"capture={capture}"], jobs)


def test_multiples_of_five(config):
    jobs = [*MIXED, ["pattern.stop=45"], ["optimizer.discriminator.lr=3e-3"]]
    assert_members_follow_their_runs_alone(config, ["experiment=multiples_of_five"], jobs)


@pytest.mark.parametrize(
    ("architecture", "update", "head"),
    [  # each pair of two choices
        ("linear", "joint", "sigmoid"),
        ("linear", "alternating", "relu"),
        ("mlp", "joint", "relu"),
        ("mlp", "alternating", "sigmoid"),
    ],
)
def test_every_choice(config, architecture, update, head):
    common = [
        "experiment=plain",
        f"architecture={architecture}",
        f"update={update}",
        f"head={head}",
        "evaluation.samples=500",
    ]
    assert_members_follow_their_runs_alone(config, [*common, "evaluate_every=70"], MIXED)


@pytest.mark.parametrize(
    ("common", "jobs"),
    [
        (
            "objective=relativistic penalty=[r1,r2] encoding=onehot head=gumbel_straight_through",
            ["penalty.r1.gamma=0.3", "penalty.r1.gamma=[2,0.1] head.temperature=0.5", "optimizer.decay=linear"],
        ),
        (
            # in double precision: in single, rounding grows to 1e-3 on processors with wider vectors
            "update=critic update.discriminator_steps=2 objective=wasserstein penalty=wgan_gp update.ema=0.9 "
            "+trainer.precision=64-true",
            ["update.ema=0.5", "update.ema=[0.5,0.99] penalty.wgan_gp.weight=1", "seed=3"],
        ),
        (
            "update.instance_noise=0.1 discriminator.spectral_norm=true discriminator.minibatch_stddev=4 head=softmax "
            "lr=1e-4",
            ["head.temperature=[1,0.1]", "update.instance_noise=[0.5,0] head.temperature=2", "seed=3"],
        ),
        (
            "update=alternating objective.smoothing=0.1 optimizer=sgd",
            ["objective.smoothing=0.3", "objective.smoothing=[0.5,0] seed=1", "lr=1e-2 optimizer.decay=cosine"],
        ),
        (
            "update=critic update.discriminator_steps=2 update.instance_noise=0.1 evaluate_every=30 "
            "+trainer.precision=64-true",
            [
                "optimizer.clip_norm=0.1 optimizer.warmup=75 optimizer.decay=cosine optimizer.decay_to=0.02",
                "optimizer.weight_decay=1 optimizer.discriminator.clip_norm=0.1 optimizer.generator.warmup=10",
                "update.instance_noise=[[0,0.1],[0.5,0.5],[1,0.2]]",
            ],
        ),
    ],
)
def test_every_member_has_its_own_schedules(config, common, jobs):
    common = [*PLAIN, *common.split()]
    assert_members_follow_their_runs_alone(config, common, [job.split() for job in jobs])


@pytest.mark.parametrize(
    ("architecture", "encoding"), [("autoregressive", "binary"), ("recurrent", "binary"), ("autoregressive", "digits")]
)
def test_drawn_codes(config, architecture, encoding):
    # One step apart, rounding can tip a draw: lr and steps are small.
    common = [
        f"architecture={architecture}",
        "architecture.width=8",
        f"encoding={encoding}",
        "encoding.capacity=16",
        "lr=1e-4",
        "batch_size=32",
        "evaluation.samples=500",
    ]
    assert_members_follow_their_runs_alone(config, common, [["pattern.k=5"], ["lr=2e-4", "seed=2"]])


@pytest.mark.parametrize("objective", ["boundary_seeking", "maximum_likelihood"])
def test_codes_of_all_lengths_with_noise_on_the_states(config, objective):
    common = [
        "experiment=rule",
        f"objective={objective}",
        "encoding.capacity=32",
        "pattern.holdout=0.3",
        "architecture.width=6",
        "architecture.discriminator.dropout=0.1",
        "batch_size=32",
        "evaluation.lengths=[7]",
        "evaluation.samples=500",
        "+trainer.precision=64-true",
    ]
    jobs = [["pattern.k=5"], ["lr=2e-3", "seed=2", "architecture.noise=0.2"]]
    assert_members_follow_their_runs_alone(config, common, jobs)


@pytest.mark.parametrize("sampling", ["iid", "permutation"])
def test_patterns_of_other_sizes_in_other_noise(config, sampling):
    common = ["experiment=plain", "noise=bits", f"data.sampling={sampling}", "batch_size=8", "evaluation.samples=500"]
    shown = ["pattern.shown=9", "pattern.holdout_seed=3"]
    assert_members_follow_their_runs_alone(
        config, common, [["pattern.k=2"], ["pattern.k=5", *shown], ["pattern.k=127"]]
    )


def test_members_that_are_equal_stay_equal_up_to_rounding(config):
    # Not to the bit: where the members' numbers lie in memory decides which are rounded as vectors.
    population = together(config, [["experiment=plain", "steps=60", "evaluation.samples=100"]] * 3)
    for stacked in population.parameters():
        assert torch.allclose(stacked[0], stacked[1], rtol=0, atol=1e-6)
        assert torch.allclose(stacked[0], stacked[2], rtol=0, atol=1e-6)


@pytest.mark.parametrize("absurd", ["1e38", "1e30"])
def test_a_member_that_diverges_changes_no_bit_of_the_others(config, absurd):
    common = ["experiment=plain", "steps=120", "evaluate_every=30", "evaluation.samples=100"]
    jobs = [[*common, "seed=1"], [*common, "seed=2"], [*common, "seed=3"]]
    sane, broken = (together(config, [jobs[0], [*jobs[1], f"lr={lr}"], jobs[2]]) for lr in ("1e-3", absurd))
    assert list(broken.diverged) == [1]
    assert broken.alive == [0, 2]
    for before, now in zip(sane.parameters(), broken.parameters(), strict=True):
        assert torch.equal(before[[0, 2]], now[[0, 2]])
        assert torch.isfinite(now[[0, 2]]).all()
    assert [sane.evaluations[member] for member in (0, 2)] == [broken.evaluations[member] for member in (0, 2)]
    with pytest.raises(DivergedError) as own:
        alone(config, [*jobs[1], f"lr={absurd}"])
    assert broken.diverged[1] == own.value.step


def test_training_ends_when_all_have_diverged(config):
    population = together(config, [[*PLAIN, "lr=1e38", "seed=1"], [*PLAIN, "lr=1e38", "seed=2"]])
    assert set(population.diverged) == {0, 1}
    assert population.global_step == 50  # the block in which it was found


def test_every_member_has_its_own_gradient_norm():
    networks = [mlp(3, 2, width=4, depth=1, activation="relu") for _ in range(3)]
    together, x = Population(networks), torch.randn(3, 5, 3)
    together(x).square().sum().backward()
    for network, rows in zip(networks, x, strict=True):
        network(rows).square().sum().backward()
    expected = [GAN.gradient_norms(None, network)[0] for network in networks]
    assert PopulationGAN.gradient_norms(None, together) == pytest.approx(expected, rel=1e-5)
