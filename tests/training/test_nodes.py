import torch

from patterngan.training.nodes import (
    drop_kept_dimensions,
    has_effect,
    is_view,
    literal,
    live_nodes,
    operation,
    qualified_name,
    readers,
    reshaped,
    returns,
    same_view,
    shown,
    side_by_side,
)
from patterngan.training.recording import recorded


def nodes_of(step):
    """The nodes of a step on a tensor [2, 2], by their names."""
    return {node.name: node for node in recorded(step, torch.ones(2, 2))[0].graph.nodes}


@torch.no_grad()
def test_what_a_view_shows_and_who_reads_it():
    nodes = nodes_of(lambda x: (x.exp().t().t().add_(1),))
    exp, t, again, written = (nodes[name] for name in ("exp", "t", "t_1", "add_"))
    assert [operation(node) for node in (exp, t, written)] == ["exp", "t", "add_"]
    assert [is_view(node) for node in (exp, t, written)] == [False, True, False]
    assert [has_effect(node) for node in (exp, t, written)] == [False, False, True]
    assert [shown(node) for node in (exp, t, written)] == [None, exp, again]
    assert [same_view(node) for node in (exp, t, again)] == [None, None, exp]
    assert {t, again, written} <= readers(exp)


@torch.no_grad()
def test_what_nobody_reads_is_not_live():
    nodes = nodes_of(lambda x: (x.exp().sum(), x + 1)[1:])
    assert set(nodes.values()) - live_nodes(nodes["output"].graph) == {nodes["exp"], nodes["sum_1"]}


@torch.no_grad()
def test_only_a_view_of_all_numbers_is_reshaped():
    nodes = nodes_of(lambda x: (x.view(4), x.exp(), x[0]))
    assert [reshaped(nodes[name]) for name in ("view", "exp", "select")] == [nodes["input_0"], None, None]


@torch.no_grad()
def test_kept_dimensions_are_dropped_where_views_drop_them():
    nodes = nodes_of(lambda x: (x.sum([0], True).view(2), x.sum([0], True).view(2, 1), x.sum([0], True)))
    drop_kept_dimensions(nodes["output"].graph)
    assert [nodes[name].args[2:] for name in ("sum_1", "sum_2", "sum_3")] == [(), (True,), (True,)]
    assert nodes["sum_1"].meta["val"].shape == (2,)


def test_neighbours_in_memory():
    numbers = torch.arange(6.0)
    together = side_by_side([numbers[1], numbers[2:4].view(1, 2), numbers[4:]])
    assert together is not None
    assert together.tolist() == [1, 2, 3, 4, 5]
    together.zero_()
    assert numbers.tolist() == [0] * 6
    for apart in ([numbers[1], numbers[3]], [numbers[0], None], [numbers[::2]], [numbers[:1], torch.zeros(2)], []):
        assert side_by_side(apart) is None


@torch.no_grad()
def test_names_of_operations():
    nodes = nodes_of(lambda x: (x.exp2(), torch._foreach_zero_([x]) and x))
    assert qualified_name(nodes["exp2"]) == "torch.ops.aten.exp2"
    assert [returns(nodes[name]) for name in ("exp2", "_foreach_zero_")] == [True, False]


def test_literals_are_what_torchscript_reads():
    values = [None, True, 3, -0.1, 1e-7, float("inf"), "floor", torch.int64, torch.device("cpu"), torch.channels_last]
    for value in values:
        read = torch.jit.CompilationUnit(f"def read():\n    return {literal(value)}\n").read()
        kinds = {torch.int64: 4, torch.channels_last: 2}  # TorchScript counts them
        assert read == kinds.get(value, value)
