from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterngan.population.training import why_not_fused
from patterngan.runs.assembly import run_spec
from patterngan.sweeps.jobs import grouped, most_members, numbers, pieces, unfusible


def seen(groups):
    return [([job.number for job in group.jobs], group.reason) for group in groups]


def test_seeds_rates_and_patterns_are_fused_and_shapes_are_not(jobs):
    made = jobs(
        ["seed=1"],
        ["seed=2", "lr=1e-4"],
        ["pattern.k=3", "pattern.residue=1"],
        ["optimizer.generator.lr=1e-4"],
        ["architecture.width=8"],
        ["encoding=onehot", "pattern.k=5"],
        ["encoding=onehot", "pattern.k=5", "seed=9"],
        ["steps=7"],
        ["optimized_metric=validity"],
    )
    assert seen(grouped(made)) == [
        ([0, 1, 2, 3, 8], None),
        ([5, 6], None),
        ([4], "no other has architecture.width=8, architecture.generator.width=8, architecture.discriminator.width=8"),
        ([7], "no other has steps=7"),
    ]


def test_members_are_sorted_by_their_betas(jobs):
    made = jobs(*([f"optimizer.betas=[{beta},0.9]"] for beta in (0.5, 0.1, 0.5, 0.1)))
    assert seen(grouped(made)) == [([1, 3, 0, 2], None)]


def test_all_settings_of_the_optimizer_are_fused(jobs):
    options = ("decay=cosine", "decay_to=0.02", "warmup=50", "weight_decay=0.1", "clip_norm=1")
    groups = ("optimizer", "optimizer.generator", "optimizer.discriminator")
    made = jobs([], *([f"{group}.{option}"] for group in groups for option in options))
    assert [len(group.jobs) for group in grouped(made)] == [len(made)]


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("ckpt_path=somewhere", "starts from a ckpt_path"),
        ("+callbacks.mine._target_=pytorch_lightning.callbacks.Timer", "callbacks.mine is for single runs"),
        ("+trainer.max_time=00:00:01", "trainer.max_time is for single runs"),
    ],
)
def test_what_only_single_runs_can_have_is_not_fused(jobs, override, reason):
    made = jobs(["seed=1", override], ["seed=2", override], ["seed=3"], ["seed=4", "~logger"], ["seed=5", "~logger"])
    assert [unfusible(job) for job in made] == [reason, reason, None, None, None]
    assert seen(grouped(made))[:3] == [([3, 4], None), ([0], reason), ([1], reason)]


def test_members_can_have_any_loggers_but_all_the_same(jobs):
    others = "logger=[csv,wandb,mlflow]"
    made = jobs(["seed=1", others], ["seed=2", others], ["seed=3"], ["seed=4"])
    assert seen(grouped(made)) == [([0, 1], None), ([2, 3], None)]


def test_switches_are_on_or_off_for_a_whole_population(jobs):
    values = ["0.0", "0.9", "[0.5,0.9]", "[0,0]", "0"]  # each zero is typed otherwise
    made = jobs(*(["experiment=plain", f"update.ema={value}"] for value in values))
    groups = sorted(sorted(job.number for job in group.jobs) for group in grouped(made))
    assert groups == [[0], [1, 2], [3], [4]]


def test_a_discriminator_that_compares_codes_is_fused(jobs):
    (job,) = jobs(["experiment=plain", "discriminator.pack=4", "discriminator.minibatch_stddev=4"])
    assert why_not_fused(run_spec(job.config)) is None


def test_an_optimizer_of_the_users_own_is_for_single_runs(jobs):
    (job,) = jobs(
        [
            "~optimizer.generator.betas",
            "optimizer.generator._target_=torch.optim.SGD",
            "+optimizer.generator._partial_=true",
        ]
    )
    assert why_not_fused(run_spec(job.config)) == "its optimizer is for single runs"


def test_many_single_jobs_are_grouped_in_linear_time(jobs):
    (job,) = jobs([])
    many = [replace(job, number=n, settings={**job.settings, "batch_size": n}) for n in range(3000)]
    groups = grouped(many)
    assert len(groups) == 3000
    assert groups[7].reason == "no other has batch_size=7"


@given(st.integers(1, 300), st.integers(1, 50))
def test_pieces_are_few_small_and_equal(count, most):
    cut = pieces(list(range(count)), most)
    assert [item for piece in cut for item in piece] == list(range(count))
    assert len(cut) == -(-count // most)
    sizes = {len(piece) for piece in cut}
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1


def test_numbers_are_told_as_ranges(jobs):
    assert numbers(jobs(*([f"seed={seed}"] for seed in range(4)))) == "0-3"


def test_a_population_is_bounded_by_the_free_memory(jobs, monkeypatch):
    from patterngan.sweeps import jobs as sweep_jobs

    (small,), (large,) = jobs(["experiment=plain"]), jobs(["experiment=plain", "architecture.width=512"])
    sizes = [run_spec(job.config).demand for job in (small, large)]
    small_bytes, large_bytes = (demand.weights + demand.steps for demand in sizes)
    assert large_bytes > 4 * small_bytes > 4 * 50 * 64 * 16 * 4
    monkeypatch.setattr(sweep_jobs, "free_bytes", lambda device: 100 * small_bytes)
    assert most_members(small, 1) == 50
    assert most_members(small, 2) == 25
    assert most_members(large, 1) == 9
    assert most_members(large, 100) == 1
