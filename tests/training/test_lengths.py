import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.encodings import BLANK, Binary, cut_to, digits_of, lengths_of
from patterngan.data.patterns import Listed, Multiples
from patterngan.data.streams import CHUNK
from patterngan.gan.schedules import Schedule
from patterngan.training.datamodule import PatternData
from patterngan.training.lengths import LengthStream, integers_below
from patterngan.validation import UsageError

CPU = torch.device("cpu")


@given(st.integers(1, 9), st.integers(1, 100), st.integers(0, 200))
def test_integers_below_a_bound(k, stop, bound):
    assert integers_below(Multiples(k, stop), bound) == len(range(0, min(stop, bound), k))


def test_an_integer_is_shown_where_it_fits_and_all_that_fit_are_as_likely():
    stream = LengthStream(Listed([1, 2, 3, 5]), (1, 1, 1), Schedule((0, 0)), 1000, 400, seed=0)
    assert stream.fitting == [1, 3, 4]
    integers, lengths = stream.read(0, CHUNK, CPU).flatten(0, 1).unbind(-1)
    assert (integers < 2**lengths).all()
    for length, fitting in ((1, [1]), (2, [1, 2, 3]), (3, [1, 2, 3, 5])):
        here = lengths == length
        assert here.float().mean() == pytest.approx(1 / 3, abs=0.02)
        for integer in fitting:
            assert (integers[here] == integer).float().mean() == pytest.approx(1 / len(fitting), abs=0.03)


def test_the_power_moves_over_the_run_and_what_fits_nowhere_is_not_shown():
    stream = LengthStream(Listed([6, 7, 8]), (1, 1, 1, 1), Schedule((0, 2)), 10 * CHUNK, 4000, seed=0)
    assert stream.fitting == [0, 0, 2, 3]
    for index, ratio in ((0, 1.0), (5, 3 / 2), (10, (3 / 2) ** 2)):
        lengths = stream.read(index * CHUNK, index * CHUNK + 1, CPU)[..., 1]
        three, four = (int((lengths == length).sum()) for length in (3, 4))
        assert three + four == 4000
        assert four / three == pytest.approx(ratio, rel=0.15)


def test_codes_of_all_lengths_end_in_their_integers_bits():
    data = PatternData(Multiples(3, 64), Binary(64, "all"), 50, "iid", 0, steps=100, evaluate_every=100)
    codes = data.read(0, 10, CPU)
    assert codes.shape == (10, 50, 6)
    lengths = lengths_of(codes, 1).squeeze(-1)
    assert set(lengths.unique().tolist()) == {1, 2, 3, 4, 5, 6}
    blank = codes == BLANK
    assert torch.equal(blank.sum(-1), 6 - lengths)
    assert torch.equal(cut_to(codes, lengths, (1,) * 6), codes)
    integers = Binary(64).decode(codes)
    assert (integers % 3 == 0).all()
    assert torch.equal(digits_of(codes.clamp(min=0), 1), digits_of(Binary(64).encode(integers), 1))


def test_some_length_must_have_an_integer():
    with pytest.raises(UsageError, match=r"^encoding\.lengths=all: no integer of training fits into fewer symbols"):
        LengthStream(Listed([4, 7]), (1, 1, 1), Schedule((0, 0)), 10, 4, seed=0)
