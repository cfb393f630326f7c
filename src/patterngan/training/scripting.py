"""A recorded graph as the source of a TorchScript function."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx

from patterngan.training.nodes import (
    drop_kept_dimensions,
    geometry,
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
from patterngan.training.recording import Recording

FILLED = {"aten.ones_like.default": 1, "aten.zeros_like.default": 0, "aten.new_zeros.default": 0}
"""Operations that read nothing of a tensor but its shape."""

MADE = {"arange", "eye", "full", "lift_fresh_copy", "ones", "zeros"}
"""Operations that make the same numbers at every step, of no tensor but one that was written in Python."""

MOST_COMPARED = 2**12
"""The most numbers of tensors that never change and are compared by what they hold."""


def torchscript(recording: Recording) -> tuple[str, list[Tensor]]:
    """The source of a TorchScript function `replay`, and the tensors that stay from step to step, its last argument.

    Half of a recording is views: of tensors that stay, they are taken once, and those that change nothing not at all.
    What nobody reads is not computed.
    """
    drop_kept_dimensions(recording.graph)
    compiler = _Compiler(recording)
    for node in recording.graph.nodes:
        compiler.add(node)
    names = [f"lasting_{index}" for index in range(len(compiler.tensors))]
    head = f"def replay({''.join(name + ', ' for name in compiler.inputs)}lasting: List[Tensor]):"
    lines = [head, *([f"{', '.join(names)}, = lasting"] if names else []), *compiler.lines]
    return "\n    ".join(lines) + "\n", compiler.tensors


class _Compiler:
    """Turns the nodes of a graph, one after another, into lines of TorchScript and the tensors that these read."""

    def __init__(self, recording: Recording) -> None:
        self._live = live_nodes(recording.graph)
        self.tensors: list[Tensor] = []
        """The lasting tensors that the lines read."""
        self._indices: dict[int, int] = {}
        """The place of each of them, by its identity."""
        self.inputs: list[str] = []
        self.lines: list[str] = []
        self._written: list[str] = []
        """Numbers of what is written to, which are returned: TorchScript leaves out what nobody reads of afterwards."""
        self._aliases: dict[fx.Node, fx.Node] = {}
        """Nodes whose value is another's, the very same tensor."""
        self._lasting = dict(recording.lasting)
        """Tensors that stay from step to step: their views can be taken now."""
        self._constant: set[fx.Node] = set()
        """Those of them in which nothing is ever written: anything can be computed of them now."""
        self._pending: set[fx.Node] = set()
        """Views that are taken when they are first read, if they are."""
        self._known: dict[tuple[Any, ...], fx.Node] = {}
        """Operations and what they read, and the node with the result: until something is written there."""
        self._keys: dict[Any, list[tuple[Any, ...]]] = {}
        """Memory, and the keys of what was computed of it."""

    def add(self, node: fx.Node) -> None:
        """Takes the next node."""
        if node.op == "placeholder":
            self.inputs.append(node.name)
        elif node.op == "output":
            assert isinstance(node.args[0], tuple)
            outputs = "".join(f"{self._source(output)}, " for output in node.args[0])
            self.lines.append(f"return ({outputs}), [{', '.join(self._written)}]")
        elif node.op == "call_function" and node in self._live:
            self._call(node)

    def _call(self, node: fx.Node) -> None:
        tensors = [self._origin(argument) for argument in node.all_input_nodes]
        untouched = not any(has_effect(reader) for reader in readers(node))
        same = same_view(node)
        if same is not None:
            self._aliases[node] = self._origin(same)
        elif str(node.target) in FILLED and untouched:
            like, value = node.meta["val"], FILLED[str(node.target)]
            self._lasting[node] = torch.full(like.shape, value, dtype=like.dtype, device=node.meta["device"])
            self._constant.add(node)
        elif self._is_constant(node, tensors) and untouched and not has_effect(node):
            self._lasting[node] = self._value(node)
            self._constant.add(node)
        elif is_view(node) and tensors[0] in self._lasting:
            self._lasting[node] = self._value(node)
        elif untouched and not has_effect(node):
            self._compute_once(node)
        else:
            self._forget(node)
            (self._write if has_effect(node) else self._compute)(node)

    def _write(self, node: fx.Node) -> None:
        read = [self._lasting.get(self._origin(argument)) for argument in node.all_input_nodes]
        together = side_by_side(read) if str(node.target) == "aten._foreach_add_.Scalar" else None
        if together is not None:
            counts = self._name(together)
            self.lines.append(f"torch.ops.aten.add_({counts}, {literal(node.args[1])})")
            self._written.append(f"{counts}.dim()")
        else:
            self.lines.append(f"{node.name} = {self._expression(node, self._named_source)}")
            if returns(node):
                self._written.append(f"{node.name}.dim()" if "val" in node.meta else f"{node.name}[0].dim()")

    def _named_source(self, argument: Any) -> str:
        """The source of what a writing operation reads, with a name for tensors in a list: they are read once more."""
        source = self._source(argument)
        if isinstance(argument, list) and any(isinstance(item, fx.Node) for item in argument):
            self.lines.append(f"list_{len(self.lines)} = {source}")
            source = f"list_{len(self.lines) - 1}"
            self._written.append(f"len({source})")
        elif isinstance(argument, fx.Node):
            self._written.append(f"{source}.dim()" if "val" in argument.meta else f"len({source})")
        return source

    def _is_constant(self, node: fx.Node, tensors: list[fx.Node]) -> bool:
        read = operation(node) in MADE or bool(tensors and self._constant.issuperset(tensors))
        return read and isinstance(node.meta.get("val"), Tensor) and bool(operation(node))

    def _compute_once(self, node: fx.Node) -> None:
        key = node.target, repr(fx.map_arg((node.args, node.kwargs), self._identity))
        if key in self._known:
            self._aliases[node] = self._known[key]
        else:
            self._known[key] = node
            for argument in node.all_input_nodes:
                self._keys.setdefault(self._memory(argument), []).append(key)
            self._compute(node)

    def _compute(self, node: fx.Node) -> None:
        if is_view(node):
            self._pending.add(node)
        else:
            self.lines.append(f"{node.name} = {self._expression(node, self._source)}")

    def _forget(self, writer: fx.Node) -> None:
        """Forgets what was computed of the memory that a node reads, as it may have written there."""
        for argument in writer.all_input_nodes:
            for key in self._keys.pop(self._memory(argument), ()):
                self._known.pop(key, None)

    def _identity(self, node: fx.Node) -> Any:
        """What two nodes have in common that show the same numbers of the same memory."""
        origin = self._origin(node)
        if origin in self._constant and self._lasting[origin].numel() <= MOST_COMPARED:
            return *geometry(origin), self._lasting[origin].tolist()
        if origin in self._lasting:
            return self._memory(origin), *geometry(origin)
        while (whole := reshaped(origin)) is not None:
            origin = self._origin(whole)
        return (origin, *geometry(node)) if isinstance(node.meta.get("val"), Tensor) else origin

    def _memory(self, node: fx.Node) -> Any:
        """What two nodes have in common that may show the same memory."""
        while node not in self._lasting:
            of = self._aliases.get(node) or shown(node)
            if of is None:
                return node.op if node.op == "placeholder" else node  # rows of one stream are placeholders
            node = of
        return self._lasting[node].untyped_storage().data_ptr()

    def _value(self, node: fx.Node) -> Tensor:
        arguments = fx.map_arg((node.args, node.kwargs), lambda argument: self._lasting[self._origin(argument)])
        assert callable(node.target)
        value: Tensor = node.target(*arguments[0], **arguments[1])
        return value

    def _origin(self, node: fx.Node) -> fx.Node:
        while node in self._aliases:
            node = self._aliases[node]
        return node

    def _expression(self, node: fx.Node, source: Callable[[Any], str]) -> str:
        arguments = [source(argument) for argument in node.args]
        if node.target is operator.getitem:
            return f"{arguments[0]}[{arguments[1]}]"
        arguments += [f"{name}={source(argument)}" for name, argument in node.kwargs.items()]
        return f"{qualified_name(node)}({', '.join(arguments)})"

    def _source(self, argument: Any) -> str:
        if isinstance(argument, fx.Node):
            origin = self._origin(argument)
            if origin in self._pending:
                self._pending.remove(origin)
                self.lines.append(f"{origin.name} = {self._expression(origin, self._source)}")
            return self._name(self._lasting[origin]) if origin in self._lasting else origin.name
        if isinstance(argument, list | tuple):
            return f"[{', '.join(map(self._source, argument))}]"
        return literal(argument)

    def _name(self, tensor: Tensor) -> str:
        index = self._indices.setdefault(id(tensor), len(self.tensors))
        if index == len(self.tensors):
            self.tensors.append(tensor)
        return f"lasting_{index}"
