import pickle

import pytest
from torch import nn

from patterngan.gan import networks
from patterngan.population.training import Piece, build_population, train_piece, why_not_fused, without_seed
from patterngan.runs.assembly import run_spec
from patterngan.storage.checkpoints import read
from patterngan.training.module import DivergedError

QUICK = ["experiment=plain", "steps=20", "evaluate_every=10", "evaluation.samples=50"]


def test_networks_that_cannot_be_batched_say_why(jobs, monkeypatch):
    (job,) = jobs(["experiment=plain", "architecture=linear"])
    assert why_not_fused(run_spec(job.config)) is None
    monkeypatch.setattr(
        networks, "linear", lambda inputs, outputs: nn.Sequential(nn.Linear(inputs, outputs), nn.Dropout())
    )
    assert "cannot be batched" in why_not_fused(run_spec(job.config))


def test_weights_in_two_places_are_for_single_runs(jobs, monkeypatch):
    def tied(inputs, outputs):
        first, second = nn.Linear(inputs, inputs), nn.Linear(inputs, inputs)
        second.weight = first.weight
        return nn.Sequential(first, second, nn.Linear(inputs, outputs))

    monkeypatch.setattr(networks, "linear", tied)
    (job,) = jobs(["experiment=plain", "architecture=linear"])
    assert why_not_fused(run_spec(job.config)) == "its networks have weights in two places"


def test_jobs_travel(jobs):
    made = jobs(["seed=1", "pattern.k=3"])
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    gan, _ = build_population(again)
    assert gan.evaluators[0].seed == 1
    assert gan.evaluators[0].pattern.k == 3


def test_members_end_with_their_own_evaluations_and_those_that_diverge_with_the_step(jobs, tmp_path):
    made = jobs([*QUICK, "seed=1"], [*QUICK, "seed=2", "lr=1e38"])
    outcomes = train_piece(Piece(made, made, tmp_path / "sweep" / ".fused" / "one.ckpt", "group 1/1"))
    assert (outcomes[0].status, outcomes[0].steps) == ("completed", 20)
    assert [line.split()[1] for _, line in outcomes[0].log_lines] == ["0", "10", "20"]
    assert outcomes[0].evaluation.metrics["samples"] == 50
    assert isinstance(outcomes[1].error, DivergedError)
    assert outcomes[1].steps == outcomes[1].error.step


def test_fail_fast_stops_the_others_at_their_last_evaluation_and_they_go_on_from_there(jobs, tmp_path):
    made = jobs([*QUICK, "seed=1"], [*QUICK, "seed=2", "lr=1e38"])
    file = tmp_path / "sweep" / ".fused" / "one.ckpt"
    outcomes = train_piece(Piece(made, made, file, "group 1/1", fail_fast=True))
    assert {number: outcome.status for number, outcome in outcomes.items()} == {1: "diverged"}
    assert read(made[0].folder / "checkpoints" / "last.ckpt").step == 10
    outcomes = train_piece(Piece(made, made[:1], file, "group 1/1", fail_fast=True))
    assert {number: outcome.status for number, outcome in outcomes.items()} == {0: "completed"}


def test_fail_fast_loses_nobody_who_ends_where_another_diverges(jobs, tmp_path):
    short = [*QUICK, "steps=10"]
    made = jobs([*short, "seed=1"], [*short, "seed=2", "lr=1e38"])
    outcomes = train_piece(Piece(made, made, tmp_path / "sweep" / ".fused" / "one.ckpt", "group 1/1", fail_fast=True))
    assert {number: outcome.status for number, outcome in outcomes.items()} == {0: "completed", 1: "diverged"}


@pytest.mark.parametrize(("one", "other", "same"), [("seed=1", "seed=2", True), ("lr=1", "lr=2", False)])
def test_settings_that_differ_in_the_seed_alone_have_one_key(jobs, one, other, same):
    keys = {without_seed(job.settings) for job in jobs([one], [other])}
    assert (len(keys) == 1) is same
