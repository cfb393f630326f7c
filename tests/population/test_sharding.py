"""Populations cut into shards against whole ones: the same up to rounding, and the same twice to the bit."""

import copy
import threading

import pytest
import torch

from patterngan.population import sharding
from patterngan.population.module import PopulationGAN
from patterngan.population.sharding import cuts, numbers_made, shard_count
from patterngan.population.streams import stacked_data
from patterngan.population.training import build_population
from patterngan.runs.assembly import assemble
from patterngan.training.module import GAN
from patterngan.validation import UsageError
from tests.support.training import fit

PLAIN = ["experiment=plain", "steps=130", "evaluate_every=70", "evaluation.samples=100", "+trainer.precision=64-true"]
SEEDS = [["seed=1"], ["seed=2", "lr=1e-2"], ["seed=3", "optimizer.betas=[0.5,0.9]"], ["pattern.k=3"], ["lr=1e-4"]]
STEPPED = (
    "update=critic update.discriminator_steps=2 update.ema=0.9 update.instance_noise=0.1 optimizer.clip_norm=0.1 "
    "discriminator.spectral_norm=true"
)
STEPPED_MEMBERS = [
    ["optimizer.warmup=75", "optimizer.decay=cosine", "seed=1"],
    ["update.ema=[0.5,0.99]", "optimizer.weight_decay=1", "optimizer.generator.warmup=10"],
    ["update.instance_noise=[0.5,0]", "seed=2"],
]
RULE = (
    "architecture=automaton architecture.noise=0.3 architecture.width=8 encoding.lengths=all data.length_power=1 "
    "noise=none head=gumbel_straight_through objective=boundary_seeking update=simultaneous"
)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def trained(config, jobs, shards, start=None, **given):
    """A population of these jobs after its training, and the state of its optimizers; `start`: see `start_from`."""
    runs = [assemble(config(*job)) for job in jobs]
    population = PopulationGAN([gan for gan, _ in runs], shards=shards)
    if start is not None:
        population.start_from(*start)
    trainer = fit(config(*jobs[0]), population, stacked_data([data for _, data in runs]), **given)
    return population, [optimizer.state_dict() for optimizer in trainer.optimizers]


def tensors(population, optimizers):
    """Everything that a population ends with, by name."""
    found = dict(population.named_parameters()) | dict(population.named_buffers())
    found |= {f"gradient of {name}": weight.grad for name, weight in found.items() if weight.grad is not None}
    found |= {"G's losses": population.losses.generator, "D's losses": population.losses.discriminator}
    for player, state in enumerate(optimizers):
        for index, values in state["state"].items():
            found |= {f"{player} {index} {name}": value for name, value in values.items()}
    return found


def farthest(one, other):
    """The largest difference between two populations. NaN is equal to NaN."""
    ours, theirs = tensors(*one), tensors(*other)
    assert ours.keys() == theirs.keys()
    assert [groups["param_groups"] for groups in one[1]] == [groups["param_groups"] for groups in other[1]]
    both = [[tensor.detach().nan_to_num(0, 0, 0) for tensor in (ours[name], theirs[name])] for name in ours]
    return max(float((left - right).abs().max()) for left, right in both)


@pytest.mark.parametrize(("members", "shards", "sizes"), [(5, 2, [2, 3]), (4, 4, [1] * 4), (10, 3, [3, 3, 4])])
def test_cuts_are_even_and_leave_nobody_out(members, shards, sizes):
    found = cuts(members, shards)
    assert [len(range(members)[cut]) for cut in found] == sizes
    assert [member for cut in found for member in range(members)[cut]] == list(range(members))


def test_numbers_made_are_counted_for_a_batch_and_change_nothing(config):
    gan, data = assemble(config("experiment=plain"))
    before = [weight.clone() for weight in gan.parameters()]
    small, large = numbers_made(gan, data), numbers_made(*assemble(config("experiment=plain", "batch_size=640")))
    assert 1 < large / small < 10  # the optimizers' operations do not grow with the batch
    assert numbers_made(gan, data) == small
    assert all(map(torch.equal, before, gan.parameters()))


@pytest.mark.parametrize(
    ("overrides", "members", "shards"),
    [
        (["experiment=rule"], 10, 2),
        (["experiment=rule"], 2, 2),
        (["experiment=rule", "capture=false"], 10, 1),
        ([], 5, 1),
        ([], 16, 2),
        (["experiment=multiples_of_five"], 32, 1),
        (["experiment=multiples_of_five"], 256, 2),
        (["experiment=even_numbers"], 256, 1),
        (["batch_size=65536"], 1, 1),
    ],
)
def test_large_steps_are_cut_and_small_ones_are_not(config, two_threads, overrides, members, shards):
    assert shard_count(*assemble(config(*overrides)), members) == shards
    assert torch.get_num_threads() == 2


def test_one_thread_and_a_gpu_cut_nothing(config, monkeypatch):
    gan, data = assemble(config("experiment=rule"))
    monkeypatch.setattr(sharding, "numbers_made", None)  # nor is anything measured
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert shard_count(gan, data, 100) == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert shard_count(gan, data, 100, "cuda") == 1


def test_no_more_threads_are_used_than_shards_of_a_useful_size(config, two_threads):
    torch.set_num_threads(16)
    gan, data = assemble(config())
    assert shard_count(gan, data, 16) == 3  # some 850 numbers a member
    assert shard_count(gan, data, 1000) == 16
    assert shard_count(*assemble(config("experiment=rule")), 10) == 10


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("common", "members"),
    [("", SEEDS), ("optimizer=sgd", SEEDS[:2]), (STEPPED, STEPPED_MEMBERS), (RULE, SEEDS[:3])],
    ids=["plain", "sgd", "schedules", "rule"],
)
def test_a_population_in_shards_is_the_whole_one(config, two_threads, common, members):
    jobs = [[*PLAIN, *common.split(), *member] for member in members]
    whole, cut = (trained(config, jobs, shards) for shards in (1, 2))
    assert [len(shard.evaluators) for shard in cut[0].shards] == [len(jobs) // 2, -(-len(jobs) // 2)]
    assert farthest(whole, cut) < 1e-12
    assert whole[0].evaluations.keys() == cut[0].evaluations.keys()
    if common == STEPPED:  # which has all the state that there can be
        again = trained(config, jobs, 2)
        assert farthest(cut, again) == 0
        assert cut[0].evaluations == again[0].evaluations


@pytest.mark.end_to_end
def test_a_member_that_diverges_diverges_at_the_same_step_in_its_shard(config, two_threads):
    jobs = [[*PLAIN, "trainer.precision=32-true", *member] for member in SEEDS[:3]]
    jobs[2].append("lr=1e38")
    whole, cut = (trained(config, jobs, shards) for shards in (1, 2))
    assert whole[0].diverged == cut[0].diverged
    assert list(cut[0].diverged) == [2]
    for ours, theirs in zip(whole[0].parameters(), cut[0].parameters(), strict=True):
        assert torch.allclose(ours[:2], theirs[:2], rtol=0, atol=1e-5)


@pytest.mark.end_to_end
def test_a_population_goes_on_from_the_state_of_shards(config, two_threads):
    jobs = [[*PLAIN, *STEPPED.split(), "steps=140", *member] for member in STEPPED_MEMBERS]
    through = {shards: trained(config, jobs, shards) for shards in (1, 2)}
    stopped = {shards: trained(config, jobs, shards, max_steps=70) for shards in (1, 2)}
    for before, after, most in ((2, 2, 0), (1, 2, 1e-12), (2, 1, 1e-12)):
        population, states = stopped[before]
        assert population.global_step == 70
        again = trained(config, jobs, after, start=(70, *copy.deepcopy((population.state_dict(), states))))
        assert again[0].global_step == 140
        assert farthest(through[after], again) <= most, (before, after)


def test_what_a_thread_raises_ends_training_and_no_thread_is_left(config, two_threads, monkeypatch):
    jobs = [[*PLAIN, "steps=20", *member] for member in SEEDS[:2]]
    real = GAN.discriminate
    monkeypatch.setattr(GAN, "discriminate", lambda gan, codes: real(gan, codes) + codes.detach().max().item())
    with pytest.raises(UsageError, match="capture=true: .*use false"):
        trained(config, jobs, 2)
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]


@pytest.mark.end_to_end
def test_jobs_whose_steps_are_large_train_in_shards(jobs, two_threads, monkeypatch):
    made = jobs(*([*PLAIN, *member] for member in SEEDS[:2]))
    assert build_population(made)[0].shards == []
    monkeypatch.setattr(sharding, "LEAST_NUMBERS", 1)
    gan, _ = build_population(made)
    assert [len(shard.evaluators) for shard in gan.shards] == [1, 1]
    assert [shard.threads for shard in gan.shards] == [1, 1]
    assert gan.state_dict().keys() == build_population(made)[0].state_dict().keys()
