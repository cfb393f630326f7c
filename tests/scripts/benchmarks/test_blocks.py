import itertools

from patterngan.runs.assembly import assemble
from scripts.benchmarks.blocks import block_seconds


def test_every_block_but_the_first_is_timed(config):
    composed = config("experiment=plain", "batch_size=4", "steps=5", "+trainer.log_every_n_steps=1", "evaluate_every=5")
    clock = itertools.accumulate(itertools.count(1))
    assert block_seconds(composed, *assemble(composed), lambda: float(next(clock))) == [2, 3, 4, 5]
