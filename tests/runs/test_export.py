import pytest
import torch

from patterngan.gan.noise import Bits, Gaussian, Joined, Length, Uniform
from patterngan.runs.configs import assemble_sampler
from patterngan.runs.export import FORMATS, export, laws

AT_ONCE = ["architecture=mlp", "architecture.width=8", "noise=gaussian"]
"""Symbols that do not wait for each other: an export of 62 that do takes half a minute."""

GENERATORS = {
    "autoregressive": ["architecture.width=8", "encoding.capacity=32"],
    "recurrent with latents": ["architecture=recurrent", "architecture.width=8", "noise=gaussian", "encoding=onehot"],
    "codes of all lengths": [
        "architecture=automaton",
        "architecture.width=8",
        "encoding.lengths=all",
        "encoding.capacity=16",
    ],
    "a transformer": [
        "architecture=transformer",
        "architecture.layers=1",
        "architecture.width=8",
        "encoding.lengths=all",
        "encoding.capacity=8",
    ],
    "digits": ["architecture.width=8", "encoding=digits", "encoding.capacity=100"],
    "digits above 2^53": [*AT_ONCE, "head=softmax", "encoding=digits", f"encoding.capacity={2**62}"],
    "bits above 2^53": [*AT_ONCE, "head=sigmoid", f"encoding.capacity={2**62}"],
}


def test_the_laws_of_joined_noise():
    assert laws(Joined(Bits(3), Uniform(5))) == [("bits", 3), ("uniform", 5)]
    assert laws(Joined(Length(7), Uniform(7))) == [("length", 7), ("uniform", 7)]
    assert laws(Gaussian(4)) == [("normal", 4)]


@pytest.mark.end_to_end
@pytest.mark.filterwarnings("ignore:`torch.jit.load`:DeprecationWarning")
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("overrides", GENERATORS.values(), ids=GENERATORS)
def test_a_generator_that_draws_its_codes(config, tmp_path, overrides, format):
    torch.manual_seed(0)
    sampler = assemble_sampler(config(*overrides)).eval()
    path = tmp_path / "generator"
    export(sampler, format, path)
    noise = sampler.noise.sample((200,), torch.Generator().manual_seed(1))
    if format == "torchscript":
        loaded = torch.jit.load(path)
        drawn, expected = (
            torch.bincount(integers.clamp(max=150), minlength=151).cumsum(0) / 4000
            for integers in (loaded.generate(4000), sampler.sample(4000, torch.Generator().manual_seed(2)))
        )
        assert (drawn - expected).abs().max() < 0.05  # Kolmogorov and Smirnov's distance: beyond, one in ten thousand
        found = loaded(noise)
    elif format == "torch_export":
        found = torch.export.load(path).module()(noise)
    else:
        import onnxruntime

        (found,) = onnxruntime.InferenceSession(path).run(["integers"], {"noise": noise.numpy()})
    assert found.tolist() == sampler(noise).tolist()
