import pytest
import torch

from scripts.benchmarks import scale
from scripts.benchmarks.scale import Cost, step_cost

TINY = ["experiment=plain", "encoding.capacity=8", "batch_size=4", "steps=5", "+trainer.log_every_n_steps=1"]


@pytest.fixture(autouse=True)
def same_threads(monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)


def test_a_step_is_timed_and_its_work_counted():
    cost = step_cost([*TINY, "evaluation.samples=1"])
    assert cost.numbers == 4 * 3
    assert cost.seconds is not None
    assert 0 < cost.seconds < 10


def test_a_run_that_needs_too_much_is_not_trained(monkeypatch):
    monkeypatch.setattr(scale, "MOST", 1000)
    cost = step_cost(TINY)
    assert cost.seconds is None
    assert cost.needed > 1000


def test_costs_are_given_for_each_number():
    assert Cost(1000, 0, 0.002, 2**20).line().split() == ["2.00", "2000.0", "1", "1049"]
    assert Cost(1000, 46 * 2**30).line() == "  needs 46 GiB"
