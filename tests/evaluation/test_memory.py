import math

import pytest
import torch

from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Multiples
from patterngan.evaluation.memory import mean_logits

LOGITS = torch.randn(64, generator=torch.Generator().manual_seed(0))


def test_the_means_are_those_over_the_integers_of_each_kind():
    pattern = HeldOut(Multiples(3, 64), 10)
    shown = set(pattern.seen.member(torch.arange(10)).tolist())
    kinds = {"d_seen": shown, "d_unseen": {*range(0, 64, 3)} - shown}
    kinds["d_invalid"] = {*range(64)} - {*range(0, 64, 3)}
    found = mean_logits(LOGITS, pattern)
    assert found.keys() == kinds.keys()
    for name, integers in kinds.items():
        expected = math.fsum(LOGITS[integer].item() for integer in integers) / len(integers)
        assert found[name] == pytest.approx(expected, abs=1e-6)


def test_a_kind_without_integers_is_left_out():
    assert mean_logits(LOGITS, HeldOut(Multiples(1, 64), 10)).keys() == {"d_seen", "d_unseen"}
