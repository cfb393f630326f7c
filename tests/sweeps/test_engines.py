import pytest

from patterngan.sweeps import engines
from patterngan.sweeps.engines import Local


def test_one_piece_that_breaks_leaves_the_others_alone(monkeypatch):
    def train(piece):
        if piece == "broken":
            raise RuntimeError("no")
        return {0: piece}

    monkeypatch.setattr(engines, "train_piece", train)
    outcomes = dict(Local().train(["a", "broken", "b"]))
    assert (outcomes["a"], outcomes["b"]) == ({0: "a"}, {0: "b"})
    assert str(outcomes["broken"]) == "no"


def test_a_signal_ends_all_of_them(monkeypatch):
    def stop(piece):
        raise KeyboardInterrupt

    monkeypatch.setattr(engines, "train_piece", stop)
    with pytest.raises(KeyboardInterrupt):
        list(Local().train(["a"]))
