import operator
import weakref

import pytest
import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

from patterngan.training.recording import Sizes, recorded
from patterngan.validation import UsageError


def targets(graph):
    """The operations of a graph that make_fx or a recording made."""
    return [node.target for node in graph.nodes if node.op == "call_function"]


def step_of(network, optimizer):
    """A step whose gradient is differentiated again, and which writes into weights, a list of tensors and a view."""
    counts = torch.zeros(2)

    @torch.enable_grad()
    def step(x):
        x = x.clone().requires_grad_()
        scores = network(x).squeeze(-1)
        (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        loss = (scores * torch.tensor([1.0, 2.0, 3.0]) + slope.square().sum(-1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch._foreach_add_(list(counts.unbind()), 1)
        first, second = torch.split(scores.detach(), [1, 2])
        return loss.detach(), first, second.max(0).values

    return step


@pytest.mark.parametrize(
    ("optimizer", "options"), [(torch.optim.Adam, {"fused": True}), (torch.optim.SGD, {"momentum": 0.9})]
)
def test_the_graph_is_that_of_make_fx(optimizer, options):
    graphs = []
    for record in (lambda step, x: make_fx(step)(x).graph, lambda step, x: recorded(step, x)[0].graph):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        step = step_of(network, optimizer(network.parameters(), lr=0.1, **options))
        step(torch.ones(3, 2))
        graphs.append(record(step, torch.ones(3, 2)))
    one, other = ([target for target in targets(graph) if "profiler" not in str(target)] for graph in graphs)
    assert one == other
    assert operator.getitem in one


def test_a_recording_returns_what_the_step_does_and_says_how_tensors_lie():
    kept = torch.ones(2, 3)
    recording, (product, same) = recorded(lambda x: (x @ kept.t(), kept), torch.ones(4, 3))
    assert torch.equal(product, torch.full((4, 2), 3.0))
    assert same is kept
    nodes = {node.name: node for node in recording.graph.nodes}
    assert [nodes[name].meta["val"].shape for name in ("input_0", "t", "mm")] == [(4, 3), (3, 2), (4, 2)]
    assert nodes["t"].meta["val"].stride() == (1, 3)
    assert {node.meta["device"] for node in nodes.values() if node.op != "output"} == {torch.device("cpu")}
    assert list(recording.lasting.values()) == [kept]
    assert nodes["output"].args[0] == (nodes["mm"], *recording.lasting)


def test_tensors_of_the_step_are_not_kept():
    seen = []

    def step(x):
        product = x * 2
        seen.append(weakref.ref(product))
        return (product + 1,)

    recorded(step, torch.ones(2))
    assert seen[0]() is None


def test_a_step_that_counts_in_python_is_refused():
    network = nn.Linear(2, 1)
    step = step_of(network, torch.optim.Adam(network.parameters(), fused=False))
    step(torch.ones(3, 2))
    with pytest.raises(UsageError, match="cannot be recorded, aten._local_scalar_dense.default reads a value"):
        recorded(step, torch.ones(3, 2))


def test_values_that_python_reads_may_only_be_the_same_at_every_step():
    _, (product,) = recorded(lambda x: (x * (torch.tensor(2.0) * 3).item(),), torch.ones(2))
    assert product.tolist() == [6, 6]
    for reads in (lambda x: (x * x.sum().item(),), lambda x: (x if x.sum() > 0 else -x,), lambda x: (x + x.equal(x),)):
        with pytest.raises(UsageError, match=r"capture=true: .* use false"):
            recorded(reads, torch.ones(2))


def test_sizes_are_of_what_operations_make_not_of_views():
    with Sizes() as seen:
        rows = torch.ones(3, 4)
        (rows @ rows.t()[:, :2]).unsqueeze(0).sum().add_(1)
    assert seen.sizes == [12, 6, 1, 1]
