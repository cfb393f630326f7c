import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.data.encodings import Binary, OneHot
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import Multiples
from patterngan.evaluation import portraits
from patterngan.evaluation.law import Law
from patterngan.evaluation.portraits import MOST_PICTURES, MOST_PORTRAITS, d_logits, due, portrait
from patterngan.gan.discriminators import MinibatchStddev, Packed

REALS, NO_LOGITS = torch.tensor([0, 3, 6, 9]), torch.zeros(10)


def of(integers, encoding, logits=NO_LOGITS):
    codes = encoding.encode(torch.tensor([1, 5]))
    shares = torch.full((len(integers),), 1 / len(integers), dtype=torch.float64)
    law = Law(torch.tensor(integers), shares, exact=False, samples=len(integers))
    return portrait(law, codes, logits, Multiples(3, 10), encoding)


def test_laws_have_an_entry_for_each_integer_and_one_for_all_above():
    drawn = of([0, 0, 9, 12, 15], Binary(10))
    assert drawn.law.tolist() == pytest.approx([0.4, *[0] * 8, 0.2, 0.4])
    assert drawn.target.tolist() == pytest.approx([0.25, 0, 0, 0.25, 0, 0, 0.25, 0, 0, 0.25, 0])
    assert drawn.integers.tolist() == [1, 5]


@pytest.mark.parametrize("encoding", [Binary(10), OneHot(10, 3)])
def test_every_integer_has_a_logit_and_a_d_score(encoding, monkeypatch):
    monkeypatch.setattr(portraits, "D_BATCH", 7)
    torch.manual_seed(0)
    network = torch.nn.Linear(encoding.width, 1)
    logits = d_logits(lambda codes: network(codes).squeeze(-1), REALS, encoding, 1)
    alone = torch.stack([network(encoding.encode(torch.tensor(x))) for x in range(10)]).squeeze(-1)
    assert torch.allclose(logits, alone)
    assert torch.allclose(of([0], encoding, logits).d_scores, alone.sigmoid())


def test_where_codes_are_compared_an_integer_is_read_among_reals():
    torch.manual_seed(0)
    encoding = Binary(10)
    packed = Packed(torch.nn.Linear(12, 1), 3)
    logits = d_logits(lambda codes: packed(codes).squeeze(-1), REALS, encoding, 3)
    for x in range(10):
        pack = encoding.encode(torch.tensor([x, 0, 3]))
        assert logits[x].item() == pytest.approx(packed(pack).item())

    spread = MinibatchStddev(torch.nn.Linear(5, 1), 2)
    logits = d_logits(lambda codes: spread(codes).squeeze(-1), REALS, encoding, 2)
    for x in range(10):
        pair = encoding.encode(torch.tensor([x, 0]))
        assert logits[x].item() == pytest.approx(spread(pair)[0].item())


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_first_and_the_last_are_due_and_not_too_many_between(every, steps):
    evaluations = [*range(0, steps, every), steps]
    wanted = [step for step in evaluations if due(step, every, steps, MOST_PORTRAITS)]
    assert wanted[0] == 0
    assert wanted[-1] == steps
    assert len(wanted) <= MOST_PORTRAITS + 1
    if len(evaluations) <= MOST_PORTRAITS and steps % every == 0:
        assert wanted == evaluations
    # Pictures can be chosen from the portraits alone, as `reporting` does.
    pictures = [step for step in evaluations if due(step, every, steps, MOST_PICTURES)]
    assert pictures == [
        step
        for step, before in zip(wanted, [0, *wanted[:-1]], strict=True)
        if due(step, step - before, steps, MOST_PICTURES)
    ]


def test_a_portrait_knows_what_is_held_out_and_what_a_code_is_made_of():
    pattern, encoding = HeldOut(Multiples(3, 10), 2), OneHot(10, 3)
    law = Law(torch.tensor([0]), torch.ones(1, dtype=torch.float64), exact=True, samples=9)
    drawn = portrait(law, encoding.encode(torch.tensor([1])), NO_LOGITS, pattern, encoding)
    seen = pattern.seen.integers.tolist()
    assert drawn.held.nonzero().flatten().tolist() == [x for x in (0, 3, 6, 9) if x not in seen]
    assert drawn.target.nonzero().flatten().tolist() == [0, 3, 6, 9]
    assert drawn.symbols.tolist() == [4, 3]
    assert not of([0], encoding).held.any()
