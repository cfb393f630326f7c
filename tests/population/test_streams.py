import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.streams import CHUNK, Stream
from patterngan.population.streams import MemberStreams

CPU = torch.device("cpu")


def stream(seed, shape=(2,)):
    return Stream(lambda chunk, generator: chunk.normal_(generator=generator), shape, torch.float32, seed, "noise")


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.lists(st.integers(1, CHUNK), min_size=1, max_size=4),
    st.integers(1, 2),
    st.booleans(),
)
def test_members_of_a_population_read_their_own_streams(seeds, lengths, axis, ahead):
    together = MemberStreams([stream(seed, shape=(2, 3)) for seed in seeds], axis, ahead)
    for index, length in enumerate(lengths):
        start = index * CHUNK
        own = [stream(seed, shape=(2, 3)).read(start, start + length, CPU) for seed in seeds]
        expected = torch.stack(own, axis)
        for _ in range(2):
            assert torch.equal(together.read(start, start + length, CPU), expected)


@pytest.mark.parametrize("ahead", [False, True])
def test_a_population_can_start_anywhere_and_go_back(ahead):
    together = MemberStreams([stream(1), stream(2)], 1, ahead)
    for index in (3, 4, 0, 7, 7, 8):
        expected = torch.stack([stream(seed).read(index * CHUNK, index * CHUNK + 9, CPU) for seed in (1, 2)], 1)
        assert torch.equal(together.read(index * CHUNK, index * CHUNK + 9, CPU), expected)


def test_a_population_reads_one_chunk_at_a_time():
    together = MemberStreams([stream(7)], 1)
    with pytest.raises(ValueError, match="of two chunks"):
        together.read(CHUNK - 1, CHUNK + 1, CPU)
