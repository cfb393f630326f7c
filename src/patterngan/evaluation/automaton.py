"""The finite automaton that a discriminator has learned, held against the smallest one for multiples of k.

After each prefix of a code a discriminator with one cell for all positions is in a state. States that lie together are
taken for one state of an automaton. Source: Giles et al. 1992, Learning and extracting finite state automata with
second-order recurrent neural networks, Neural Computation 4(3).

Prefixes are listed from the empty one on, the short ones first: the one that continues number i by the symbol b is
number i · base + b + 1.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from patterngan.gan.enumeration import choices, every_symbol
from patterngan.gan.growing import GrowingDiscriminator

MOST_PREFIXES = 2**11
"""The most prefixes that a discriminator reads; all shorter ones are among them."""

MOST_STATES = 64
"""The most states that are looked for."""

EXPLAINED = 0.99
"""The share of what a network does that an automaton must explain; see `explained`."""


class Automaton(NamedTuple):
    """A finite automaton that begins in a state of its own choosing; states and symbols are numbers from 0 on."""

    following: Tensor
    """The next state of each state and symbol, int64 [states, symbols]."""
    accepting: Tensor
    """Which states a code that is taken for real may end in, bool [states]."""


class Learned(NamedTuple):
    """An automaton that a discriminator has learned, and how it compares with the smallest one of the pattern."""

    automaton: Automaton
    explained: float
    """See the function of this name."""
    smallest: list[str]
    """Of each state of the smallest automaton, the remainders that it stands for."""
    matches: Tensor
    """Of each state, which one of the smallest automaton it is matched with, −1 for none: int64 [states]."""
    right: Tensor
    """Which arrows lead where those of the matched states lead, bool [states, symbols]."""
    purity: float
    """The share of prefixes after which the smallest automaton is where it mostly is in that state."""

    @property
    def agreement(self) -> float:
        """The share of right arrows, among those of the automaton with more states."""
        states, symbols = self.right.shape
        return int(self.right.sum()) / (symbols * max(states, len(self.smallest)))


def remainders(k: int, base: int, residue: int = 0) -> Automaton:
    """The automaton that reads digits, most significant first, and is in the state of the remainder modulo k."""
    following = (torch.arange(k)[:, None] * base + torch.arange(base)) % k
    return Automaton(following, torch.arange(k) == residue % k)


def minimised(automaton: Automaton) -> tuple[Automaton, Tensor]:
    """The smallest automaton that accepts the same codes, and of each state the one that it becomes, int64 [states].

    Source: Moore 1956, Gedanken-experiments on sequential machines, theorem 4.
    """
    following, accepting = automaton
    kinds = accepting.long()
    for _ in following:  # each time at least one kind is split, or all are what they will be
        _, kinds = torch.cat([kinds[:, None], kinds[following]], 1).unique(dim=0, return_inverse=True)
    places = torch.stack([(kinds == kind).nonzero()[0, 0] for kind in range(int(kinds.max()) + 1)])
    return Automaton(kinds[following[places]], accepting[places]), kinds


def after_prefixes(first: Tensor, step: Callable[[Tensor, Tensor], Tensor], base: int) -> Tensor:
    """What a machine is in after each prefix, [prefixes, ...].

    Args:
        first: what it is in before any symbol, [...].
        step: from what it is in [n, ...] and symbols, int64 [n], to what it is in next.
        base: how many symbols there are.
    """
    levels, prefixes = [first.unsqueeze(0)], 1
    while prefixes + len(levels[-1]) * base <= MOST_PREFIXES:
        symbols = torch.arange(base, device=first.device).repeat(len(levels[-1]))
        levels.append(step(levels[-1].repeat_interleave(base, 0), symbols))
        prefixes += len(levels[-1])
    return torch.cat(levels)


@torch.no_grad()
def learned_automaton(discriminator: GrowingDiscriminator, k: int, residue: int = 0) -> Learned:
    """The automaton that a discriminator of integers has learned whose remainder modulo k is the residue.

    It has the fewest states that explain 99% of what the network does. A code counts as taken for real if its logit is
    nearer to the highest of all than to the lowest.
    """
    cell, size = discriminator.cell, discriminator.size
    base, symbols = choices((size,)), every_symbol(size, cell.first())
    states = after_prefixes(cell.first(), lambda state, ranks: cell(*cell.read(symbols[ranks]), state), base)
    logits = discriminator.outputs_of(states)[:, 0]
    accepted = logits > (logits.min() + logits.max()) / 2
    labels, share = clustered(states, accepted, base)
    smallest, kinds = minimised(remainders(k, base, residue))
    truth = after_prefixes(kinds[0], lambda state, ranks: smallest.following[state, ranks], base)
    names = [
        ",".join(map(str, (kinds == kind).nonzero().flatten().tolist())) for kind in range(len(smallest.accepting))
    ]
    return compared(labels, share, accepted, smallest, truth, names)


def clustered(states: Tensor, accepted: Tensor, base: int) -> tuple[Tensor, float]:
    """Which state of an automaton each state [prefixes, width] is taken for, int64 [prefixes], and what it explains.

    Of Ward's hierarchy of clusters the first cut that explains enough; if none does, the one that explains most.
    """
    hierarchy, best, most = linkage(states.double().numpy(), "ward"), torch.zeros(len(states)).long(), 0.0
    for count in range(1, MOST_STATES + 1):
        labels = torch.from_numpy(fcluster(hierarchy, count, "maxclust")).long() - 1
        share = explained(labels, accepted, base)
        if share > most:
            best, most = labels, share
        if most >= EXPLAINED:
            break
    return best, most


def explained(labels: Tensor, accepted: Tensor, base: int) -> float:
    """The least of some shares of prefixes: in how many does what mostly happens in a state happen?

    What happens is whether the code is taken for real, a share of those that are and one of those that are not, and,
    for each symbol, which state follows.
    """
    verdicts = table(labels, accepted.long(), 2)
    usual = verdicts.argmax(-1)[labels] > 0
    kinds = [
        float((usual == kind)[accepted == kind].double().mean()) for kind in (True, False) if (accepted == kind).any()
    ]
    return min(*kinds, *map(majority, transitions(labels, base).unbind(1)))


def compared(
    labels: Tensor, share: float, accepted: Tensor, smallest: Automaton, truth: Tensor, names: list[str]
) -> Learned:
    """The automaton of labelled prefixes, held against the smallest one.

    Args:
        labels: the state after each prefix, int64 [prefixes].
        share: what these states explain.
        accepted: whether the network takes each prefix for real, bool [prefixes].
        smallest: automaton of the pattern.
        truth: its state after each prefix, int64 [prefixes].
        names: of its states.
    """
    base = smallest.following.shape[1]
    following = transitions(labels, base).argmax(-1)
    automaton = Automaton(following, table(labels, accepted.long(), 2).argmax(-1) > 0)
    shared = table(labels, truth, len(smallest.accepting))
    rows, columns = linear_sum_assignment(shared.numpy(), maximize=True)
    matches = torch.full((len(following),), -1)
    matches[torch.from_numpy(rows)] = torch.from_numpy(columns)
    right = (matches[following] == smallest.following[matches]) & (matches >= 0)[:, None]
    return Learned(automaton, share, names, matches, right, majority(shared))


def transitions(labels: Tensor, base: int) -> Tensor:
    """How often each state follows each state and symbol, int64 [states, base, states]."""
    before, count = torch.arange((len(labels) - 1) // base), int(labels.max()) + 1
    children = before[:, None] * base + torch.arange(base) + 1
    return torch.stack([table(labels[before], labels[one], count, count) for one in children.unbind(1)], 1)


def table(rows: Tensor, columns: Tensor, width: int | None = None, height: int | None = None) -> Tensor:
    """How often two labels occur together, int64 [height, width]; each is as many as there are unless given."""
    width, height = width or int(columns.max()) + 1, height or int(rows.max()) + 1
    return torch.bincount(rows * width + columns, minlength=width * height).view(height, width)


def majority(counts: Tensor) -> float:
    """The share of what is counted [rows, columns] that is in the fullest column of its row."""
    return float(counts.amax(-1).sum() / counts.sum())
