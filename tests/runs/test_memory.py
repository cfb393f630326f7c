import pytest
import torch

from patterngan.data.streams import CHUNK
from patterngan.runs import assembly
from patterngan.runs.memory import COPIES, demand
from patterngan.validation import UsageError


def test_a_demand_counts_weights_steps_and_evaluation():
    found = demand([torch.empty(3, 5), torch.empty(3)], [(2, 4, 7)], codes=(4, 4), samples=100, sizes=(7, 6))
    assert found.weights == 4 * COPIES * 18
    assert found.steps == 4 * (CHUNK * 56 + CHUNK * 4 * 8 * 3 + 4 * 8 * 6)
    assert found.evaluation == 4 * 100 * (7 + 24 + 6)


def test_weights_that_are_too_many_are_counted_but_never_made():
    with torch.device("meta"):
        huge = torch.empty(2**20, 2**20)
    assert demand([huge], [], codes=(1, 1), samples=1, sizes=(1, 1)).weights == 4 * COPIES * 2**40


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
    needed = assembly.blueprint(composed).demand
    monkeypatch.setattr(assembly, "free_bytes", lambda device: sum(needed))
    assembly.assemble(composed)
    monkeypatch.setattr(assembly, "free_bytes", lambda device: sum(needed) - 1)
    with pytest.raises(UsageError, match=f"^{named}a run needs about "):
        assembly.assemble(composed)
