import pytest
import torch

from patterngan.runs.configs import assemble_sampler, build_pattern, pattern_and_encoding, remark
from patterngan.validation import UsageError


def test_a_sampler_turns_the_noise_of_a_config_into_integers(config):
    sampler = assemble_sampler(config("experiment=even_numbers"))
    noise = sampler.noise.enumerate("cpu")
    assert sampler(noise).shape == (128,)


def test_what_is_held_out_belongs_to_the_pattern(config):
    pattern, _ = pattern_and_encoding(config("pattern.holdout=0.25"))
    assert (pattern.size, pattern.held, pattern.seen.size) == (64, 16, 48)
    other, _ = pattern_and_encoding(config("pattern.shown=48", "pattern.holdout_seed=1"))
    assert (other.held, other.seen.size) == (16, 48)
    assert not torch.equal(other.seen.integers, pattern.seen.integers)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["pattern.stop=200"], "pattern.stop=200: must be at most encoding.capacity=128"),
        (["pattern=listed", "pattern.integers=[300]"], "pattern: its integers are below 301"),
        (["pattern=primes", "encoding=onehot"], "encoding.k: the pattern has no modulus to take"),
    ],
)
def test_a_pattern_without_codes_is_refused(config, overrides, message):
    with pytest.raises(UsageError, match=f"^{message}"):
        pattern_and_encoding(config(*overrides))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ([], None),
        (["pattern.k=63"], None),  # 0, 63 and 126
        (["pattern=listed", "pattern.integers=[9,10]"], None),
        (["pattern.k=500"], "pattern.k=500: holds one integer alone, 0; "),
        (["pattern.k=500", "pattern.residue=7"], "pattern.k=500: holds one integer alone, 7; "),
        (["pattern=listed", "pattern.integers=[9]"], "pattern=listed: holds one integer alone, 9; "),
    ],
)
def test_a_pattern_of_one_integer_is_remarked_on(config, overrides, said):
    composed = config(*overrides)
    text = remark(composed, build_pattern(composed))
    assert text is said or text.startswith(said)
