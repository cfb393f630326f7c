import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.streams import CHUNK, Stream, seeded

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
