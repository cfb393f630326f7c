from itertools import product

import pytest
import torch
from torch import nn

from patterngan.evaluation.automaton import (
    MOST_PREFIXES,
    after_prefixes,
    compared,
    explained,
    learned_automaton,
    minimised,
    remainders,
    transitions,
)
from patterngan.gan.growing import GrowingDiscriminator


def accepts(automaton, state, digits):
    for digit in digits:
        state = automaton.following[state, digit]
    return bool(automaton.accepting[state])


def remainder_discriminator(k, residue=0):
    """A discriminator of bits whose cell is the automaton of remainders, for odd k."""
    network = GrowingDiscriminator((1,) * 4, 1, k, "second_order")
    following = remainders(k, 2).following
    maps, biases = network.cell.maps.weight, network.cell.biases.weight
    for weight in (maps, biases, network.hidden.weight, network.hidden.bias, network.sums.weight, network.sums.bias):
        nn.init.zeros_(weight)
    with torch.no_grad():
        for state in range(k):
            for symbol in range(2):
                maps[symbol * k + following[state, symbol], state] = 9
        biases[:, 2] = torch.where(torch.arange(k) == 0, 9.0, -9.0)
        network.hidden.weight[0, residue] = 1
        network.sums.weight[0, 0] = 1
    return network


@pytest.mark.parametrize(("k", "residue"), [(3, 0), (5, 2), (7, 0)])
def test_a_cell_that_is_the_automaton_of_remainders_is_found_to_be_it(k, residue):
    learned = learned_automaton(remainder_discriminator(k, residue), k, residue)
    assert (len(learned.matches), len(learned.smallest)) == (k, k)
    assert (learned.purity, learned.agreement) == (1, 1)
    assert learned.right.all()
    (accepting,) = learned.matches[learned.automaton.accepting].tolist()
    assert learned.smallest[accepting] == str(residue)
    assert learned.explained == 1


def test_a_cell_of_another_modulus_is_none():
    learned = learned_automaton(remainder_discriminator(5), 3)
    assert (len(learned.matches), len(learned.smallest)) == (5, 3)
    assert learned.purity < 0.5
    assert learned.agreement < 0.5
    assert sorted(learned.matches.tolist()) == [-1, -1, 0, 1, 2]


def test_a_wrong_arrow_and_impure_states_are_counted():
    smallest, _ = minimised(remainders(3, 2))
    truth = after_prefixes(torch.tensor(0), lambda state, symbols: smallest.following[state, symbols], 2)
    accepted = smallest.accepting[truth]
    assert (compared(truth, 1, accepted, smallest, truth, ["0", "1", "2"]).agreement) == 1
    merged = truth.clamp(max=1)  # two remainders taken for one state
    learned = compared(merged, 0.5, accepted, smallest, truth, ["0", "1", "2"])
    counts = truth.bincount()
    assert learned.purity == pytest.approx((counts.sum() - counts[1:].min()).item() / counts.sum().item())
    assert (learned.explained, len(learned.smallest), len(learned.matches)) == (0.5, 3, 2)
    assert learned.agreement <= 4 / 6
    assert explained(truth, accepted, 2) == 1
    assert explained(merged, accepted, 2) < 0.9
    assert explained(torch.zeros_like(truth), accepted, 2) == 0  # none of those that are taken for real is explained


@pytest.mark.parametrize("k", range(1, 13))
@pytest.mark.parametrize("base", [2, 10])
def test_a_minimised_automaton_accepts_the_multiples_and_is_no_larger_than_needed(k, base):
    smallest, kinds = minimised(remainders(k, base))
    for number in range(300):
        digits = [number // base**place % base for place in range(8, -1, -1)]
        assert accepts(smallest, kinds[0], digits) == (number % k == 0)
    assert len(minimised(smallest)[0].accepting) == len(smallest.accepting)


def test_the_sizes_of_smallest_automata_are_the_known_ones():
    # Alexeev 2004, arXiv cs/0309052: in binary, twos · odd has as many states as the odd part and the number of twos
    for twos, odd in product(range(4), (1, 3, 5, 7)):
        assert len(minimised(remainders(2**twos * odd, 2))[0].accepting) == twos + odd


def test_the_next_states_are_counted_by_symbol():
    labels = after_prefixes(torch.tensor(0), lambda state, symbols: 1 - state * symbols, 2)
    assert len(labels) == MOST_PREFIXES - 1
    counts = transitions(labels, 2)
    expected = torch.zeros(2, 2, 2)
    for index in range((len(labels) - 1) // 2):
        for symbol in range(2):
            expected[labels[index], symbol, labels[2 * index + symbol + 1]] += 1
    assert counts.tolist() == expected.tolist()
