import math

import numpy as np
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


def test_a_schedule_of_points_stays_outside_of_them():
    peak = schedule("x", [[0.2, 0.1], [0.5, 0.7], [0.9, 0.3]], 0)
    assert [peak.at(share) for share in (0, 0.35, 0.5, 0.7, 1)] == pytest.approx([0.1, 0.4, 0.7, 0.5, 0.3])
    assert (peak.start, peak.constant, peak.zero) == (0.1, False, False)
    assert schedule("x", [[0.5, 3]], 0).at(0.1) == 3


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), min_size=1, max_size=5, unique_by=lambda point: point[0])
)
def test_a_schedule_of_points_is_numpys_interpolation(points):
    shares, values = zip(*((twentieth / 20, value) for twentieth, value in sorted(points)), strict=True)
    moving = schedule("x", list(zip(shares, values, strict=True)), 0)
    for progress in (0, 0.3, 1, *shares):
        assert moving.at(progress) == pytest.approx(np.interp(progress, shares, values))


def test_a_learning_rate_rises_to_its_schedule_and_follows_it():
    rate = LearningRate(Schedule((0.1, 0.0)), warmup=4)
    shares = (0.0, 0.0, 0.2, 0.2, 0.2, 0.4)
    values = [rate.at(share, step) for step, share in enumerate(shares)]
    assert values == pytest.approx([0.025, 0.05, 0.06, 0.08, 0.08, 0.06])
    assert not LearningRate(Schedule((0.1, 0.1)), warmup=1).constant
    assert LearningRate(Schedule((0.1, 0.1))).at(0.3, 0) == 0.1


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
        ("fast", "gamma=fast: must be a number, "),
        (None, "gamma=null: must be a number, "),
        ([1], "must be a number, "),
        ([1, 2, "linear", 0.5], "must be a number, "),
        ([[0, 1], [2, 1]], "the shares of the run must be a finite number ≥ 0 and ≤ 1"),
        ([[0.5, 1], [0.5, 1]], "the shares of the run must rise"),
        ([[0, 1], [1, -1]], "all values must be a finite number"),
        ([[0, 1], [1, "low"]], "all values must be a finite number"),
        ([[0, 1], 1], "both ends must be a finite number"),
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
