import math

import pytest
import torch

from patterngan.data.encodings import Binary
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Multiples
from patterngan.evaluation import memory
from patterngan.evaluation.memory import d_logits

CPU = torch.device("cpu")
PATTERN, ENCODING = HeldOut(Multiples(3, 64), 10), Binary(64)


def test_the_means_are_those_over_the_integers_of_each_kind(monkeypatch):
    monkeypatch.setattr(memory, "D_BATCH", 7)
    logits = torch.randn(64, generator=torch.Generator().manual_seed(0))
    shown = set(PATTERN.seen.member(torch.arange(10)).tolist())
    kinds = {"d_seen": shown, "d_unseen": {*range(0, 64, 3)} - shown}
    kinds["d_invalid"] = {*range(64)} - {*range(0, 64, 3)}
    found = d_logits(lambda codes: logits[ENCODING.decode(codes)], PATTERN, ENCODING, CPU)
    assert found.keys() == kinds.keys()
    for name, integers in kinds.items():
        expected = math.fsum(logits[integer].item() for integer in integers) / len(integers)
        assert found[name] == pytest.approx(expected, abs=1e-6)


def test_a_kind_without_integers_and_a_capacity_beyond_reach_are_left_out():
    everything = HeldOut(Multiples(1, 64), 10)
    assert d_logits(lambda codes: codes.sum(-1), everything, ENCODING, CPU).keys() == {"d_seen", "d_unseen"}
    assert d_logits(lambda codes: codes.sum(-1), PATTERN, Binary(2**17), CPU) == {}
