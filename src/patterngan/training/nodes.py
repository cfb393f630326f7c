"""What the operations of a recorded graph do: which write, which show memory, which nobody reads.

The private names of torch that recording needs stand in this file, `torch._ops.OpOverload` and its `_schema`, and in
`recording`, `torch.utils._python_dispatch.TorchDispatchMode`, by which PyTorch's own documentation tells how to see
operations.
"""

import math
import operator
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, fx
from torch._ops import OpOverload

VIEWS = {"alias", "detach", "expand", "permute", "select", "slice", "squeeze", "t", "transpose", "unsqueeze", "view"}
"""Operations that show the numbers of their one tensor in another shape or order. Of all that do, the known ones."""


def drop_kept_dimensions(graph: fx.Graph) -> None:
    """Sums without the dimensions that they keep for views to take away, as the gradient of a bias does."""
    for node in graph.nodes:
        if str(node.target) == "aten.sum.dim_IntList" and node.args[2:] == (True,):
            dropped = node.meta["val"].squeeze(node.args[1])
            if all(operation(user) == "view" and user.meta["val"].shape == dropped.shape for user in node.users):
                node.args, node.meta["val"] = node.args[:2], dropped


def live_nodes(graph: fx.Graph) -> set[fx.Node]:
    """The nodes that write something, are returned, or are read by such."""
    live: set[fx.Node] = set()
    for node in reversed(graph.nodes):
        if node.op == "output" or has_effect(node) or any(user in live for user in node.users):
            live.add(node)
    return live


def readers(node: fx.Node) -> set[fx.Node]:
    """The nodes that read this one, or a view of it."""
    found = set(node.users)
    for user in node.users:
        if shown(user) is node:
            found |= readers(user)
    return found


def has_effect(node: fx.Node) -> bool:
    """Whether it writes into a tensor or draws random numbers, or may: what is no tensor operation."""
    if not isinstance(node.target, OpOverload):
        return node.op == "call_function" and node.target is not operator.getitem
    return node.target._schema.is_mutable or torch.Tag.nondeterministic_seeded in node.target.tags


def shown(node: fx.Node) -> fx.Node | None:
    """The input whose memory the result may be in: of a view of any kind, and of what writes and returns it."""
    if node.target is operator.getitem:
        return node.all_input_nodes[0]
    if not isinstance(node.target, OpOverload) or not any(result.alias_info for result in node.target._schema.returns):
        return None
    arguments = node.target._schema.arguments
    given = dict(zip([argument.name for argument in arguments], node.args, strict=False)) | node.kwargs
    shown = [given.get(argument.name) for argument in arguments if argument.alias_info]
    return next((argument for argument in shown if isinstance(argument, fx.Node)), None)


def is_view(node: fx.Node) -> bool:
    """Whether it shows the very numbers of its one input: `conj`, for one, is a view that does not."""
    return operation(node) in VIEWS


def same_view(node: fx.Node) -> fx.Node | None:
    """What a view comes to the same as, if anything: the transpose of a transpose, for one."""
    source = node
    while is_view(source):
        source = source.all_input_nodes[0]
        if geometry(source) == geometry(node):
            return source
    return None


def reshaped(node: fx.Node) -> fx.Node | None:
    """What a view shows all the numbers of, if it is such a view."""
    if not is_view(node):
        return None
    source = node.all_input_nodes[0]
    return source if source.meta["val"].numel() == node.meta["val"].numel() else None


def operation(node: fx.Node) -> str:
    """The name of a tensor operation, empty for any other node."""
    return node.target._schema.name.removeprefix("aten::") if isinstance(node.target, OpOverload) else ""


def qualified_name(node: fx.Node) -> str:
    """What TorchScript calls a tensor operation; it finds the overload by the arguments."""
    assert isinstance(node.target, OpOverload)
    return "torch.ops." + node.target._schema.name.replace("::", ".")


def returns(node: fx.Node) -> bool:
    """Whether a tensor operation returns anything."""
    return isinstance(node.target, OpOverload) and bool(node.target._schema.returns)


def literal(value: Any) -> str:
    """A number, a type, a device or the like as TorchScript writes it."""
    if isinstance(value, torch.device):
        return f'torch.device("{value}")'
    return f'float("{value}")' if isinstance(value, float) and not math.isfinite(value) else repr(value)


def side_by_side(tensors: Sequence[Tensor | None]) -> Tensor | None:
    """One tensor [numbers] that shows several, if all are known and lie one after another in the same memory."""
    known = [tensor for tensor in tensors if tensor is not None and tensor.is_contiguous()]
    if not known or len(known) < len(tensors):
        return None
    start = int(known[0].storage_offset())
    *stops, end = accumulate((tensor.numel() for tensor in known), initial=start)
    memories = {tensor.untyped_storage().data_ptr() for tensor in known}
    if len(memories) > 1 or [tensor.storage_offset() for tensor in known] != stops:
        return None
    return known[0].as_strided((end - start,), (1,), start)


def geometry(node: fx.Node) -> tuple[Any, ...]:
    """How a node's tensor lies in its memory, and its type."""
    value: Tensor = node.meta["val"]
    return value.shape, value.stride(), value.storage_offset(), value.dtype
