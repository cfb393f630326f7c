import torch
from torch.fx.experimental.proxy_tensor import make_fx

from patterngan.training.nodes import has_effect, is_view, live_nodes, operation, readers, same_view, shown


def recorded(step):
    """The nodes of a step on a tensor [2, 2], by their names."""
    return {node.name: node for node in make_fx(step)(torch.ones(2, 2)).graph.nodes}


@torch.no_grad()
def test_what_a_view_shows_and_who_reads_it():
    nodes = recorded(lambda x: (x.exp().t().t().add_(1),))
    exp, t, again, written = (nodes[name] for name in ("exp", "t", "t_1", "add_"))
    assert [operation(node) for node in (exp, t, written)] == ["exp", "t", "add_"]
    assert [is_view(node) for node in (exp, t, written)] == [False, True, False]
    assert [has_effect(node) for node in (exp, t, written)] == [False, False, True]
    assert [shown(node) for node in (exp, t, written)] == [None, exp, again]
    assert [same_view(node) for node in (exp, t, again)] == [None, None, exp]
    assert {t, again, written} <= readers(exp)


@torch.no_grad()
def test_what_nobody_reads_is_not_live():
    nodes = recorded(lambda x: (x.exp().sum(), x + 1)[1:])
    assert set(nodes.values()) - live_nodes(nodes["output"].graph) == {nodes["exp"], nodes["sum_1"]}
