"""Recording a step: the tensor operations that run in it, written down as a graph.

The public way that was tried is `torch.fx.experimental.proxy_tensor.make_fx`. It makes the same graph in fifteen times
the time, as it also describes every tensor by a mode of its own with the lines of Python that led there.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.node import map_aggregate
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary
from typing_extensions import override

from patterngan.validation import UsageError


class Recording(TorchDispatchMode):
    """Around a step: adds a node to a graph for each tensor operation, also for those of the autograd engine.

    A node's `meta` has its tensor's geometry, as a tensor without numbers under "val", and the tensor's "device".
    Tensors that were there before are read by nodes "get_attr".
    """

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.graph = fx.Graph()
        self.lasting: dict[fx.Node, Tensor] = {}
        """The nodes of tensors that were there before."""
        self._nodes = WeakTensorKeyDictionary()
        """The node of each tensor of the step."""
        self._written: set[fx.Node] = set()
        """Nodes of numbers that stand in Python: the same at every step."""
        for index, tensor in enumerate(inputs):
            self._show(tensor, self.graph.placeholder(f"input_{index}"))

    @override
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.namespace == "profiler":
            return func(*args, **kwargs or {})
        read, named = map_aggregate((args, kwargs or {}), self._node_or_value)
        if func is torch.ops.aten.lift_fresh.default:  # of `torch.tensor`, which gives a new tensor at every step
            func = torch.ops.aten.lift_fresh_copy.default
        node = self.graph.create_node("call_function", func, read, named, func.overloadpacket.__name__)
        self._require_same_at_every_step(node, func)
        result = func(*args, **kwargs or {})
        self._show(result, node)
        return result

    def _require_same_at_every_step(self, node: fx.Node, func: Any) -> None:
        """Refuses an operation whose result goes back to Python and depends on what the step computed."""
        computed = [read for read in node.all_input_nodes if read not in self._written]
        if func is torch.ops.aten.lift_fresh_copy.default or (node.all_input_nodes and not computed):
            self._written.add(node)
        elif torch.Tag.data_dependent_output in func.tags and any(read not in self.lasting for read in computed):
            raise UsageError(f"capture=true: the networks cannot be recorded, {func} reads a value; use false")

    def _node_or_value(self, value: Any) -> Any:
        return self._node(value) if isinstance(value, Tensor) else value

    def _node(self, tensor: Tensor) -> fx.Node:
        node: fx.Node | None = self._nodes.get(tensor)
        if node is None:
            node = self.graph.create_node("get_attr", f"tensor_{len(self.lasting)}")
            self.lasting[node] = tensor
            self._show(tensor, node)
        return node

    def _show(self, result: Any, node: fx.Node) -> None:
        """Notes that a node has this result."""
        if isinstance(result, list | tuple):
            for index, part in enumerate(result):
                self._show(part, self.graph.call_function(operator.getitem, (node, index)))
        elif isinstance(result, Tensor):
            self._nodes[result] = node
            if result.layout == torch.strided:
                node.meta["val"] = torch.empty_strided(result.shape, result.stride(), dtype=result.dtype, device="meta")
                node.meta["device"] = result.device

    def end(self, outputs: tuple[Tensor, ...]) -> None:
        """Ends the graph with what the step returned."""
        self.graph.output(tuple(map(self._node, outputs)))


def recorded(step: Callable[..., tuple[Tensor, ...]], *inputs: Tensor) -> tuple[Recording, tuple[Tensor, ...]]:
    """Runs a step on these inputs; returns its recording and what it returned.

    Raises:
        UsageError: if what the step does in Python depends on what it computes.
    """
    recording = Recording(inputs)
    with recording:
        outputs = step(*inputs)
    recording.end(outputs)
    return recording, outputs


class Sizes(TorchDispatchMode):
    """Around a step: notes how many numbers each tensor has that an operation makes. A view makes none."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sizes: list[int] = []

    @override
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and not func.is_view:
            self.sizes.append(result.numel())
        return result
