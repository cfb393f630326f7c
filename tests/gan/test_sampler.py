import torch
from torch import nn

from patterngan.data.encodings import Binary
from patterngan.gan.noise import Bits
from patterngan.gan.sampler import CHUNK, Sampler

SAMPLER = Sampler(Bits(3), nn.Identity(), Binary(8))
"""Its noise vectors are codes."""


def test_noise_becomes_integers():
    assert SAMPLER(torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])).tolist() == [5, 3]


def test_any_count_is_sampled_chunk_by_chunk():
    source, count = torch.Generator().manual_seed(0), CHUNK + 5
    integers = SAMPLER.sample(count, source)
    assert integers.shape == (count,)
    assert set(integers.unique().tolist()) == set(range(8))
    source.manual_seed(0)
    drawn = torch.cat([Bits(3).sample((size,), source) for size in (CHUNK, 5)])
    assert torch.equal(integers, Binary(8).decode(drawn))


def test_the_same_seed_gives_the_same_integers_without_a_gradient():
    sampler = Sampler(Bits(3), nn.Linear(3, 3), Binary(8))
    first, again = (sampler.sample(20, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again)
    assert all(parameter.grad is None for parameter in sampler.parameters())
