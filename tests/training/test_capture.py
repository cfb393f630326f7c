import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from patterngan.training.capture import Captured, compile_graph
from patterngan.training.recording import recorded
from patterngan.validation import UsageError


def sgd_like_step(seed=0):
    """A step that trains in place, with an optimizer that has state."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, fused=True)
    calls = []

    @torch.enable_grad()
    def step(x, y):
        calls.append(1)
        loss = (network(x).squeeze(-1) - y).square().mean(-1)
        for parameter, gradient in zip(
            network.parameters(), torch.autograd.grad(loss, list(network.parameters())), strict=True
        ):
            parameter.grad = gradient
        optimizer.step()
        return loss.detach(), next(iter(network.parameters())).grad

    return network, step, calls


@torch.no_grad()
def test_replaying_is_bitwise_the_step_and_runs_no_python():
    plain, plain_step, plain_calls = sgd_like_step()
    fast, fast_step, fast_calls = sgd_like_step()
    captured = Captured(fast_step)
    for _ in range(50):
        x, y = torch.randn(5, 3), torch.randn(5)
        for a, b in zip(plain_step(x, y), captured(x, y), strict=True):
            assert torch.equal(a, b)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), fast.parameters(), strict=True))
    assert (len(plain_calls), len(fast_calls)) == (50, 2)


@torch.no_grad()
def test_a_tensor_changed_in_place_is_read_anew():
    scale = torch.ones(())
    captured = Captured(lambda x: (x * scale,))
    for factor in (1.0, 2.0, 3.0, 4.0):
        scale.fill_(factor)
        assert captured(torch.ones(2))[0].tolist() == [factor, factor]


@torch.no_grad()
def test_views_taken_once_show_what_was_written_since():
    kept = torch.zeros(2, 3)

    def step(x):
        kept.add_(1)
        row = kept.t().expand(3, 2)[1]
        return row * x, kept.view(6).sum()

    captured = Captured(step)
    for count in range(1, 6):
        product, total = captured(torch.full((2,), 2.0))
        assert product.tolist() == [2.0 * count] * 2
        assert total == 6 * count


@torch.no_grad()
def test_new_tensors_are_new_every_time():
    def step(x):
        ones, zeros = torch.ones_like(x), torch.zeros_like(x)
        ones[0].add_(x[0])
        zeros += x
        square = torch.zeros_like(x.outer(x))
        square.diagonal().add_(x)
        square.unbind()[0].add_(1)
        return ones, zeros, torch.ones_like(x) / 4, square

    captured = Captured(step)
    for _ in range(4):
        found = captured(torch.tensor([2.0, 3.0]))
        assert [tensor.tolist() for tensor in found] == [[3.0, 1.0], [2.0, 3.0], [0.25, 0.25], [[3.0, 1.0], [0.0, 3.0]]]


@torch.no_grad()
def test_what_is_written_elsewhere_and_what_is_seen_otherwise_is_kept():
    kept = torch.ones(3)

    def step(x):
        torch.mul(x, 2, out=kept)
        product = torch.div(kept, 4, out=torch.empty(3))
        spectrum = torch.fft.rfft(x)
        return product, kept + 1, (spectrum * spectrum.conj()).real

    captured = Captured(step)
    for count in range(1, 5):
        x = torch.arange(3.0) + count
        expected = [tensor.clone() for tensor in step(x)]
        assert all(torch.equal(a, b) for a, b in zip(captured(x), expected, strict=True))


@torch.no_grad()
def test_random_numbers_are_drawn_even_if_nobody_reads_them():
    def step(x):
        torch.bernoulli(torch.full((3,), 0.5))
        return (torch.bernoulli(torch.full((50,), 0.5)) + x,)

    torch.manual_seed(1)
    expected = [step(torch.ones(50))[0] for _ in range(5)]
    torch.manual_seed(1)
    captured = Captured(step)
    assert all(torch.equal(captured(torch.ones(50))[0], one) for one in expected)


@torch.no_grad()
def test_the_same_of_the_same_is_computed_once():
    kept = torch.ones(2, 3)

    def step(x):
        return tuple(part.exp() for _ in range(2) for part in (x @ kept.clone().detach()).chunk(3, -1))

    found = compile_graph(recorded(step, torch.ones(4, 2))[0])(torch.rand(4, 2))
    assert all(a is b for a, b in zip(found[:3], found[3:], strict=True))


@torch.no_grad()
def test_what_reads_the_same_numbers_in_the_same_shape_is_computed_once():
    def step(x):
        looks = [x.view(6).detach().exp(), x.flatten().exp(), x[0].exp(), x[1].exp()]
        sums = [x + torch.tensor([1.0, 2.0, 3.0]) for _ in range(2)]
        return *looks, *sums, x + torch.tensor([3.0, 2.0, 1.0])

    x = torch.rand(2, 3)
    found = compile_graph(recorded(step, torch.ones(2, 3))[0])(x)
    assert all(torch.equal(one, other) for one, other in zip(found, step(x), strict=True))
    assert found[0] is found[1]
    assert found[4] is found[5]


@torch.no_grad()
def test_neighbours_in_memory_are_counted_by_one_operation():
    counts, apart = torch.zeros(3), torch.zeros(())

    def step(x):
        torch._foreach_add_(list(counts.unbind()), 1)
        torch._foreach_add_([counts[0], apart], 10)
        return (x * counts,)

    captured = Captured(step)
    for _ in range(4):
        captured(torch.ones(3))
    assert counts.tolist() == [44, 4, 4]
    assert apart == 40


@torch.no_grad()
def test_what_was_written_to_is_computed_again():
    kept = torch.ones(2, 3)

    def step(x):
        column, made = kept.t()[0], x * 3
        found = [x @ kept, made.exp()]
        column.add_(1)
        same = made.add_(1)
        found += [x @ kept, made.exp()]
        same.mul_(2)
        torch.mul(x, 2, out=kept[:, :2])
        found += [x @ kept, made.exp()]
        twice, other = x * 2, x * 2
        twice += 1
        return *found, twice, other

    captured = Captured(step)
    for _ in range(4):
        x, before = torch.rand(2, 2), kept.clone()
        expected = step(x)
        kept.copy_(before)
        assert all(torch.equal(a, b) for a, b in zip(captured(x), expected, strict=True))


@torch.no_grad()
def test_operations_on_lists_and_with_settings_of_every_kind():
    kept, numbers = [torch.ones(2), torch.full((3,), 2.0)], torch.zeros(3)

    def step(x):
        parts = list(x.split([1, 2]))
        torch._foreach_mul_(parts, 3.0)
        torch._foreach_addcmul_(kept, kept, kept, 0.5)
        torch.mul(x, 2, out=numbers)
        found = [torch.div(x, 0.3, rounding_mode="floor"), x.clamp(max=float("inf")), x.to(torch.int64).double()]
        return *parts, *found, kept[1] + 1, numbers.clone(memory_format=torch.contiguous_format), x[x.argmax().view(1)]

    captured = Captured(step)
    for _ in range(4):
        before = [tensor.clone() for tensor in kept]
        expected = step(torch.arange(3.0))
        for tensor, was in zip(kept, before, strict=True):
            tensor.copy_(was)
        assert all(torch.equal(a, b) for a, b in zip(captured(torch.arange(3.0)), expected, strict=True))


@torch.no_grad()
def test_a_replay_asks_for_no_gradients_and_may_be_called_where_some_are():
    network = nn.Linear(2, 1)
    captured = Captured(lambda x: (network(x).detach(),))
    for _ in range(3):
        with torch.enable_grad():
            (found,) = captured(torch.ones(1, 2, requires_grad=True))
    assert not found.requires_grad
    assert torch.equal(found, network(torch.ones(1, 2)))
    (found + 1).add_(1)


@torch.no_grad()
def test_what_torchscript_cannot_write_down_is_refused():
    generator = torch.Generator()
    captured = Captured(lambda x: (x + torch.rand(2, generator=generator),))
    captured(torch.ones(2))
    with pytest.raises(
        UsageError, match=r"^capture=true: the networks cannot be recorded, TorchScript: .*; use false$"
    ):
        captured(torch.ones(2))


def test_threads_record_one_at_a_time_and_replay_what_they_recorded():
    running, most = [], []

    def step(x):
        running.append(x)
        most.append(len(running))
        time.sleep(0.05)
        running.pop()
        return (x + 1,)

    def three_steps(x):
        captured = Captured(step)
        captured._next = captured._record
        return [captured(x * factor)[0].tolist() for factor in (1, 2, 3)]

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(three_steps, torch.ones(3, 2).unbind()))
    assert most == [1, 1, 1]
    assert results == [[[2, 2], [3, 3], [4, 4]]] * 3
