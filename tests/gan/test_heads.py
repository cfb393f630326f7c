import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patterngan.gan import heads
from patterngan.validation import InvalidValueError

SYMBOLS = (3, 1, 1, 2)
WIDTH = sum(SYMBOLS)
NONE = torch.empty(0)


def test_entrywise_heads_by_hand():
    x = torch.tensor([-1.0, 0.0, 2.0])
    assert torch.allclose(heads.sigmoid()(x, NONE, (1, 1, 1)), 1 / (1 + torch.exp(-x)))
    assert heads.relu()(x, NONE, (3,)).tolist() == [0.0, 0.0, 2.0]
    assert heads.identity()(x, NONE, (3,)) is x


def test_softmax_by_hand_at_a_temperature():
    raw = torch.tensor([0.0, 2.0, 4.0, 3.0, -3.0, 1.0, 1.0])
    soft = heads.softmax(2.0)(raw, NONE, SYMBOLS)
    expected = [
        *torch.tensor([0.0, 1.0, 2.0]).softmax(0).tolist(),
        *torch.tensor([1.5, -1.5]).sigmoid().tolist(),
        0.5,
        0.5,
    ]
    assert soft.tolist() == pytest.approx(expected)


def test_straight_through_is_hard_with_the_gradient_of_softmax():
    raw = torch.randn(5, WIDTH, requires_grad=True)
    weights = torch.randn(5, WIDTH)
    hard, soft = (head(0.7)(raw, NONE, SYMBOLS) for head in (heads.straight_through, heads.softmax))
    assert set(hard.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(hard[:, :3].argmax(1), raw[:, :3].argmax(1))
    assert torch.equal(hard[:, 3:5], (raw[:, 3:5] > 0).float())
    gradients = [torch.autograd.grad((codes * weights).sum(), raw)[0] for codes in (hard, soft)]
    assert torch.allclose(*gradients)


def test_gumbel_by_hand():
    raw, uniform = torch.tensor([0.3, -0.2, 0.5]), torch.tensor([0.4, 0.9, 0.2])
    noisy = raw - (-uniform.log()).log()
    head = heads.gumbel(0.5)
    assert torch.allclose(head(raw, head.noise(uniform, (3,)), (3,)), (noisy / 0.5).softmax(0))
    bit = head(raw[:1], head.noise(uniform[:1], (1,)), (1,))
    assert torch.allclose(bit, ((raw[:1] + (uniform[:1] / (1 - uniform[:1])).log()) / 0.5).sigmoid())


def test_drawn_codes_have_the_law_of_log_prob():
    raw = torch.tensor([0.5, -1.0, 1.0, 0.8, -0.3, 0.0, 0.7])
    uniform = torch.rand(200_000, WIDTH, generator=torch.Generator().manual_seed(0))
    head = heads.gumbel_straight_through(1.0)
    codes = head(raw.expand_as(uniform), head.noise(uniform, SYMBOLS), SYMBOLS)
    numbers = (codes @ 2.0 ** torch.arange(WIDTH)).long()  # a code's entries as bits: cheaper to count than rows
    numbers, counts = numbers.unique(return_counts=True)
    distinct = (numbers.unsqueeze(-1) >> torch.arange(WIDTH) & 1).float()
    assert len(distinct) == 3 * 2 * 2 * 2
    probabilities = heads.log_prob(raw.expand_as(distinct), distinct, SYMBOLS).exp()
    assert torch.isclose(probabilities.sum(), torch.tensor(1.0))
    assert torch.allclose(counts / len(uniform), probabilities, atol=4e-3)


def test_extreme_uniform_numbers_stay_finite():
    uniform = torch.tensor([0.0, 1.0, 0.5, 0.0, 1.0, 0.0, 1.0])
    assert heads.gumbel_noise(uniform, SYMBOLS).isfinite().all()


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_hard_codes_have_one_of_each_category(symbols):
    codes = torch.empty(50, sum(symbols))
    heads.uniform_codes(codes, torch.Generator().manual_seed(1), symbols)
    for size, symbol in zip(symbols, codes.split(symbols, -1), strict=True):
        assert set(symbol.unique().tolist()) <= {0.0, 1.0}
        assert size == 1 or symbol.sum(-1).eq(1).all()


@pytest.mark.parametrize("temperature", [0, -1, [1, 0], "cold", None])
@pytest.mark.parametrize("head", [heads.softmax, heads.straight_through, heads.gumbel, heads.gumbel_straight_through])
def test_a_temperature_must_be_above_zero(head, temperature):
    with pytest.raises(InvalidValueError, match="^temperature"):
        head(temperature)


@pytest.mark.parametrize("size", [1, 3])
def test_the_log_probabilities_of_every_symbol(size):
    raw = torch.randn(4, size)
    symbols = torch.eye(3) if size > 1 else torch.tensor([[0.0], [1.0]])
    expected = torch.stack([heads.log_prob(raw, one.expand(4, -1), (size,)) for one in symbols], -1)
    assert torch.allclose(heads.every_log_prob(raw), expected, atol=1e-6)
