import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.streams import CHUNK, Stream, Streams, seeded

CPU = torch.device("cpu")


def normal(steps, generator):
    return torch.randn((steps, 2), generator=generator)


@given(st.lists(st.integers(1, 3 * CHUNK), min_size=1, max_size=6))
def test_what_a_step_sees_does_not_depend_on_how_steps_are_read(lengths):
    stream, total = Stream(normal, 7, "noise"), sum(lengths)
    whole, parts, start = Stream(normal, 7, "noise").read(0, total, CPU), [], 0
    for length in lengths:
        parts.append(stream.read(start, start + length, CPU))
        start += length
    assert torch.equal(torch.cat(parts), whole)


def test_reading_again_and_from_the_middle_gives_the_same():
    stream = Stream(normal, 7, "noise")
    whole = stream.read(0, 200, CPU)
    assert torch.equal(stream.read(130, 170, CPU), whole[130:170])
    assert torch.equal(stream.read(0, 10, CPU), whole[:10])


def test_streams_of_other_names_seeds_and_chunks_differ():
    streams = [Stream(normal, 7, "noise"), Stream(normal, 7, "data"), Stream(normal, 8, "noise")]
    first = [stream.read(0, CHUNK, CPU) for stream in streams]
    first.append(streams[0].read(CHUNK, 2 * CHUNK, CPU))
    assert len({tensor.sum().item() for tensor in first}) == 4


def test_a_path_is_not_confused_with_a_longer_one():
    assert seeded(1, "a", 12).initial_seed() != seeded(1, "a", 1, 2).initial_seed()


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.lists(st.integers(1, CHUNK), min_size=1, max_size=4),
    st.integers(1, 2),
)
def test_members_of_a_population_read_their_own_streams(seeds, lengths, axis):
    def draw(steps, generator):
        return torch.randn((steps, 2, 3), generator=generator)

    together = Streams([Stream(draw, seed, "noise") for seed in seeds], axis)
    for index, length in enumerate(lengths):
        start = index * CHUNK
        expected = torch.stack([Stream(draw, seed, "noise").read(start, start + length, CPU) for seed in seeds], axis)
        assert torch.equal(together.read(start, start + length, CPU), expected)


def test_a_population_reads_one_chunk_at_a_time():
    together = Streams([Stream(normal, 7, "noise")], 1)
    with pytest.raises(ValueError, match="of two chunks"):
        together.read(CHUNK - 1, CHUNK + 1, CPU)
