"""Capturing a step: its tensor operations, recorded once, then replayed alone.

A GAN step at this size is a hundred operations of a microsecond each, buried under module calls, the autograd
engine and the optimizers' Python. `recording` sees through all of these down to the operations and the tensors they
read and write. Replaying them alone gives bitwise the same numbers.

What a step did in Python when it was recorded, it does for ever: it must not branch on values, count calls or read
numbers that change (a tensor that is changed in place is fine). Such a step says `capture=false`.

The public way that was tried is `torch.compile`: on one thread the multiples recipe took 24 s to start and 1190 µs a
step, against 840 µs in Python and 217 µs replayed.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx

from patterngan.training.nodes import (
    drop_kept_dimensions,
    function,
    geometry,
    has_effect,
    is_view,
    live_nodes,
    operation,
    readers,
    reshaped,
    same_view,
    shown,
    side_by_side,
)
from patterngan.training.recording import Recording, recorded

Step = Callable[..., tuple[Tensor, ...]]

FILLED = {"aten.ones_like.default": 1, "aten.zeros_like.default": 0, "aten.new_zeros.default": 0}
"""Operations that read nothing of a tensor but its shape."""

MADE = {"arange", "eye", "full", "lift_fresh_copy", "ones", "zeros"}
"""Operations that make the same numbers at every step, of no tensor but one that was written in Python."""

MOST_COMPARED = 2**12
"""The most numbers of tensors that never change and are compared by what they hold."""


class Captured:
    """A step that is run as it is the first time, recorded the second, and replayed from then on.

    The first call lets optimizers create their state, which must not become part of the recording.
    Inputs must keep their shapes, types and device.
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._next: Step = self._run

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """What the step returns for these inputs."""
        return self._next(*inputs)

    def _run(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        self._next = self._record
        return self._step(*inputs)

    def _record(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        recording, outputs = recorded(self._step, *inputs)
        self._next = compile_graph(recording)
        return outputs


def compile_graph(recording: Recording) -> Step:
    """One straight-line Python function of a recorded graph, to be called without gradient tracking.

    FX's own generated code looks every operation up by its dotted name and every tensor up in a module, each
    time; here they are bound once. Half of a recording is views: of tensors that stay, they are taken once, and those
    that change nothing not at all. What nobody reads is not computed.
    """
    drop_kept_dimensions(recording.graph)
    compiler = _Compiler(recording)
    for node in recording.graph.nodes:
        compiler.add(node)
    body = "\n        ".join(compiler.lines)
    bound, inputs = ", ".join(compiler.bound), ", ".join(compiler.inputs)
    source = f"def bind({bound}):\n    def replay({inputs}):\n        {body}\n    return replay"
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # names made by FX and by `_bind`; every value is bound, none is written out
    replay: Step = namespace["bind"](**compiler.bound)
    return replay


class _Compiler:
    """Turns the nodes of a graph, one after another, into lines of Python and the values that these name."""

    def __init__(self, recording: Recording) -> None:
        self._live = live_nodes(recording.graph)
        self.bound: dict[str, Any] = {}
        self.inputs: list[str] = []
        self.lines: list[str] = []
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
            self.lines.append(f"return {self._source(node.args[0])}")
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
            self._write(node)

    def _write(self, node: fx.Node) -> None:
        tensors = [self._lasting.get(self._origin(argument)) for argument in node.all_input_nodes]
        together = side_by_side(tensors) if str(node.target) == "aten._foreach_add_.Scalar" else None
        if together is None:
            self._compute(node)
        else:
            self.lines.append(f"{self._bind(torch.Tensor.add_)}({self._bind(together)}, {self._source(node.args[1])})")

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
            self.lines.append(f"{node.name} = {self._expression(node)}")

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
        value: Tensor = function(node)(*arguments[0], **arguments[1])
        return value

    def _origin(self, node: fx.Node) -> fx.Node:
        while node in self._aliases:
            node = self._aliases[node]
        return node

    def _expression(self, node: fx.Node) -> str:
        operation = self._bind(function(node))
        arguments = [self._source(argument) for argument in node.args]
        arguments += [f"{name}={self._source(argument)}" for name, argument in node.kwargs.items()]
        return f"{operation}({', '.join(arguments)})"

    def _source(self, argument: Any) -> str:
        if isinstance(argument, fx.Node):
            origin = self._origin(argument)
            if origin in self._pending:
                self._pending.remove(origin)
                self.lines.append(f"{origin.name} = {self._expression(origin)}")
            return self._bind(self._lasting[origin]) if origin in self._lasting else origin.name
        if isinstance(argument, list | tuple):
            return f"({''.join(self._source(item) + ', ' for item in argument)})"
        return self._bind(argument)

    def _bind(self, value: Any) -> str:
        name = f"bound_{len(self.bound)}"
        self.bound[name] = value
        return name
