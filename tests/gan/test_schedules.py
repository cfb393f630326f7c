import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.gan.schedules import LearningRate, Schedule, Scheduled, progress_at, schedule
from patterngan.validation import InvalidValueError


@pytest.mark.parametrize(
    ("value", "halfway"),
    [
        (0.5, 0.5),
        (3, 3.0),
        ([1.0, 0.0], 0.5),
        ([4, 1, "linear"], 2.5),
        ([4, 1, "exponential"], 2.0),
        ([4, 1, "cosine"], 2.5),
    ],
)
def test_a_schedule_by_hand(value, halfway):
    moving = schedule("gamma", value, 0)
    ends = [value, value] if isinstance(value, int | float) else value[:2]
    assert [moving.at(0), moving.at(0.5), moving.at(1)] == pytest.approx([ends[0], halfway, ends[1]])


def test_a_schedule_that_ends_early_stays_at_its_end():
    ramp = schedule("x", [0.1, 0.5, "linear", 0.5], 0)
    assert [ramp.at(share) for share in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx([0.1, 0.3, 0.5, 0.5, 0.5])


@given(st.floats(1e-3, 1), st.floats(0, 1), st.sampled_from(["linear", "cosine", "exponential"]))
def test_a_schedule_that_ends_early_is_the_whole_one_in_a_shorter_run(until, progress, shape):
    early, whole = schedule("x", [1, 3, shape, until], 0), schedule("x", [1, 3, shape], 0)
    assert early.at(progress * until) == pytest.approx(whole.at(progress))
    assert early.at(until + progress * (1 - until)) == pytest.approx(3)


def test_a_learning_rate_rises_to_its_schedule_and_follows_it():
    rate = LearningRate(Schedule(0.1, 0.0), warmup=4)
    shares = (0.0, 0.0, 0.2, 0.2, 0.2, 0.4)
    values = [rate.at(share, step) for step, share in enumerate(shares)]
    assert values == pytest.approx([0.025, 0.05, 0.06, 0.08, 0.08, 0.06])
    assert not LearningRate(Schedule(0.1, 0.1), warmup=1).constant
    assert LearningRate(Schedule(0.1, 0.1)).at(0.3, 0) == 0.1


def test_a_cosine_starts_slowly():
    assert schedule("x", [1, 0, "cosine"], 0).at(0.25) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.sampled_from(["linear", "cosine", "exponential"]), st.floats(0, 1))
def test_a_schedule_stays_between_its_ends(start, end, shape, progress):
    low, high = sorted((start, end))
    assert low * (1 - 1e-9) <= schedule("x", [start, end, shape], 0).at(progress) <= high * (1 + 1e-9)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "gamma=-1: must be a finite number"),
        ("fast", "gamma=fast: must be a number or "),
        (None, "gamma=null: must be a number or "),
        ([1], "must be a number or "),
        ([1, 2, "linear", 0.5, 1], "must be a number or "),
        ([1, 2, "linear", 4], r"gamma=\[1, 2, 'linear', 4\]: until must be a finite number > 0 and ≤ 1"),
        ([1, 2, "linear", 0], "until must be a finite number > 0"),
        ([1, 2, "linear", "half"], "until must be a finite number > 0"),
        ([1, -2], r"gamma=\[1, -2\]: both ends must be a finite number"),
        ([1, 2, "steep"], "gamma=steep: must be one of linear, cosine, exponential"),
        ([1, 0, "exponential"], "must stay above 0"),
        ([float("nan"), 1], r"gamma=\[nan, 1\]: both ends must"),
    ],
)
def test_an_impossible_schedule_names_the_value(value, message):
    with pytest.raises(InvalidValueError, match=message):
        schedule("gamma", value, 0)


def test_scheduled_members_go_their_own_ways():
    number = Scheduled(schedule("x", [1, 0], 0))
    number.move_to(0.25)
    assert number.value == 0.75
    number.schedules = [schedule("x", [1, 0], 0), schedule("x", 2, 0)]
    number.value = torch.zeros(2)
    number.move_to(0.5)
    assert number.value.tolist() == [0.5, 2.0]


def test_schedules_move_with_the_chunks_of_random_numbers():
    assert [progress_at(step, 200) for step in (0, 49, 50, 120, 200, 300)] == [0, 0, 0.25, 0.5, 1, 1]
