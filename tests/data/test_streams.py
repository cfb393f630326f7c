import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.streams import CHUNK, Stream, Streams, seeded

CPU = torch.device("cpu")


def stream(seed=7, name="noise", shape=(2,)):
    return Stream(lambda chunk, generator: chunk.normal_(generator=generator), shape, torch.float32, seed, name)


@given(st.lists(st.integers(1, 3 * CHUNK), min_size=1, max_size=6))
def test_what_a_step_sees_does_not_depend_on_how_steps_are_read(lengths):
    ours, total = stream(), sum(lengths)
    whole, parts, start = stream().read(0, total, CPU), [], 0
    for length in lengths:
        parts.append(ours.read(start, start + length, CPU))
        start += length
    assert torch.equal(torch.cat(parts), whole)


def test_reading_again_and_from_the_middle_gives_the_same():
    ours = stream()
    whole = ours.read(0, 200, CPU)
    assert torch.equal(ours.read(130, 170, CPU), whole[130:170])
    assert torch.equal(ours.read(0, 10, CPU), whole[:10])


def test_streams_of_other_names_seeds_and_chunks_differ():
    streams = [stream(), stream(name="data"), stream(8)]
    first = [one.read(0, CHUNK, CPU) for one in streams]
    first.append(streams[0].read(CHUNK, 2 * CHUNK, CPU))
    assert len({tensor.sum().item() for tensor in first}) == 4


NAMES = ("init", "data", "noise", "proposals", "mixing", "blur", "evaluation")
PATHS = st.tuples(st.integers(0, 2**62), st.sampled_from(NAMES), st.integers(0, 10**9))


@given(st.lists(PATHS, min_size=2, max_size=2, unique=True))
def test_what_one_purpose_of_one_seed_draws_no_other_does(paths):
    one, other = (torch.rand(8, generator=seeded(*path)) for path in paths)
    assert not torch.equal(one, other)


def test_a_path_is_not_confused_with_a_longer_one():
    assert seeded(1, "a", 12).initial_seed() != seeded(1, "a", 1, 2).initial_seed()


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.lists(st.integers(1, CHUNK), min_size=1, max_size=4),
    st.integers(1, 2),
    st.booleans(),
)
def test_members_of_a_population_read_their_own_streams(seeds, lengths, axis, ahead):
    together = Streams([stream(seed, shape=(2, 3)) for seed in seeds], axis, ahead)
    for index, length in enumerate(lengths):
        start = index * CHUNK
        own = [stream(seed, shape=(2, 3)).read(start, start + length, CPU) for seed in seeds]
        expected = torch.stack(own, axis)
        for _ in range(2):
            assert torch.equal(together.read(start, start + length, CPU), expected)


@pytest.mark.parametrize("ahead", [False, True])
def test_a_population_can_start_anywhere_and_go_back(ahead):
    together = Streams([stream(1), stream(2)], 1, ahead)
    for index in (3, 4, 0, 7, 7, 8):
        expected = torch.stack([stream(seed).read(index * CHUNK, index * CHUNK + 9, CPU) for seed in (1, 2)], 1)
        assert torch.equal(together.read(index * CHUNK, index * CHUNK + 9, CPU), expected)


def test_a_population_reads_one_chunk_at_a_time():
    together = Streams([stream()], 1)
    with pytest.raises(ValueError, match="of two chunks"):
        together.read(CHUNK - 1, CHUNK + 1, CPU)
