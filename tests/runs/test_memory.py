import pytest

from patterngan.data.streams import CHUNK
from patterngan.runs import memory
from patterngan.runs.assembly import assemble, run_spec
from patterngan.runs.memory import COPIES
from patterngan.validation import UsageError


def test_a_demand_counts_weights_steps_and_evaluation(config):
    sampled = "evaluation=sampled", "evaluation.samples=1000"
    demand = run_spec(config("experiment=even_numbers", "batch_size=4", *sampled)).demand
    weights, outputs = 7 * 7 + 7 + 7 + 1, 7 + 7 + 1 + 1
    assert demand.weights == 4 * COPIES * weights
    assert demand.steps == 4 * (CHUNK * (4 * 7 + 3 * 8 * 7) + 4 * 8 * outputs)  # noise of 4 fakes; 4 reals, 4 fakes
    assert demand.evaluation == 4 * 1000 * (7 + 4 * 7 + 2 * 7)
    listed = run_spec(config("experiment=even_numbers", "batch_size=4")).demand.evaluation
    assert listed == 4 * 2**7 * (7 + 4 * 7 + 2 * 7)
    double = run_spec(config("experiment=even_numbers", "+trainer.precision=64-true"))
    assert double.demand == tuple(2 * size for size in run_spec(config("experiment=even_numbers")).demand)


def test_weights_that_are_too_many_are_counted_but_never_made(config):
    many = config("experiment=plain", "architecture.width=65536", "architecture.depth=100")
    assert run_spec(many).demand.weights > 2**40


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["architecture.width=1024", "evaluation.samples=1"], "architecture: "),
        (["batch_size=65536", "evaluation.samples=1"], "batch_size=65536: "),
        (["evaluation.samples=1000000"], "evaluation.samples=1000000: "),
    ],
)
def test_a_run_without_memory_is_refused_by_what_takes_most(config, monkeypatch, overrides, named):
    composed = config("experiment=plain", "batch_size=2", *overrides)
    needed = run_spec(composed).demand
    monkeypatch.setattr(memory, "free_bytes", lambda device: sum(needed))
    assemble(composed)
    monkeypatch.setattr(memory, "free_bytes", lambda device: sum(needed) - 1)
    with pytest.raises(UsageError, match=f"^{named}a run needs about "):
        assemble(composed)
