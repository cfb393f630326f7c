import pytest
import torch

from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Multiples, Parity, primes
from patterngan.evaluation.longer import checked_lengths, longer_validity
from patterngan.gan.generators import generator
from patterngan.gan.growing import GrowingGeneratorNetwork
from patterngan.gan.heads import gumbel_straight_through
from patterngan.validation import InvalidValueError, UsageError

SYMBOLS = (1,) * 4


def test_a_generator_of_random_bits_is_valid_as_often_as_chance_is():
    network = GrowingGeneratorNetwork(SYMBOLS, 3, "second_order")
    for weight in network.parameters():
        torch.nn.init.zeros_(weight)
    random = generator(network, gumbel_straight_through(1.0), 1, SYMBOLS)
    found = longer_validity(random, HeldOut(Multiples(3, 16), 3), (5, 70), seed=0)
    assert found.keys() == {"validity_5", "validity_70"}
    assert found["validity_5"] == pytest.approx(11 / 32, abs=0.02)
    assert found["validity_70"] == pytest.approx(1 / 3, abs=0.02)
    assert found == longer_validity(random, HeldOut(Multiples(3, 16), 3), (5, 70), seed=0)


@pytest.mark.parametrize("lengths", [[3], [0], [2000], 20, "20", [4.5]])
def test_lengths_must_be_a_list_of_no_fewer_symbols(lengths):
    with pytest.raises(InvalidValueError, match="^lengths="):
        checked_lengths(lengths, SYMBOLS, Multiples(3, 16))


def test_the_pattern_must_go_on():
    assert checked_lengths([4, 20], SYMBOLS, Parity(16)) == (4, 20)
    assert checked_lengths([], SYMBOLS, primes(16)) == ()
    with pytest.raises(UsageError, match=r"^evaluation.lengths: the pattern ends at its stop"):
        checked_lengths([20], SYMBOLS, primes(16))
    with pytest.raises(UsageError, match="parity of bits is unknown from digits of base 10"):
        checked_lengths([20], (10,) * 4, Parity(16))
