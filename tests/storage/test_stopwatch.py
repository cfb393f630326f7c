import time

import pytest

from patterngan.storage.stopwatch import Seconds, Stopwatch


@pytest.fixture
def clock(monkeypatch):
    """Turns the clock by hand."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_the_time_of_a_session_is_added_to_that_of_the_earlier_ones(clock):
    stopwatch = Stopwatch([Seconds(5.0, 5.0)])
    assert stopwatch.seconds() == (5.0, 5.0)
    clock[0] += 1.23456
    assert stopwatch.seconds() == (6.235, 6.235)


def test_members_that_train_together_share_the_time_of_each_session(clock):
    stopwatch = Stopwatch([Seconds(5.0, 1.0), Seconds()], together=4)
    clock[0] += 2
    assert stopwatch.seconds(0) == (7.0, 1.5)
    assert stopwatch.seconds(1) == (2.0, 0.5)
