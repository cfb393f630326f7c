"""Capturing a step: its tensor operations, recorded once, then replayed alone.

A GAN step at this size is a hundred operations of a microsecond each, buried under module calls, the autograd
engine and the optimizers' Python. `make_fx` sees through all of these down to the operations and the tensors they
read and write. Replaying them alone gives bitwise the same numbers.

What a step did in Python when it was recorded, it does for ever: it must not branch on values, count calls or read
numbers that change (a tensor that is changed in place is fine). Such a step says `capture=false`.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from patterngan.validation import UsageError

Step = Callable[..., tuple[Tensor, ...]]


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
        outputs: tuple[Tensor, ...] = ()

        def step(*traced: Tensor) -> tuple[Tensor, ...]:
            nonlocal outputs
            outputs = self._step(*traced)
            return outputs

        try:
            graph = make_fx(step)(*inputs)
        except RuntimeError as error:
            if "tracing tensor" not in str(error):
                raise
            reason = str(error).splitlines()[0]
            raise UsageError(f"capture=true: the networks cannot be recorded ({reason}); use false") from error
        self._next = compile_graph(graph)
        return outputs


def compile_graph(traced: fx.GraphModule) -> Step:
    """One straight-line Python function of a recorded graph, to be called without gradient tracking.

    FX's own generated code looks every operation up by its dotted name and every tensor up in a module, each
    time; here they are bound once.
    """
    bound: dict[str, Any] = {}
    inputs: list[str] = []
    lines: list[str] = []
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            inputs.append(node.name)
        elif node.op == "get_attr":
            bound[node.name] = getattr(traced, node.target)
        elif node.op == "output":
            lines.append(f"return {_source(node.args[0], bound)}")
        elif "profiler" not in str(node.target):
            lines.append(f"{node.name} = {_call(node, bound)}")
    body = "\n        ".join(lines)
    source = f"def bind({', '.join(bound)}):\n    def replay({', '.join(inputs)}):\n        {body}\n    return replay"
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # names made by FX and by `_bind`; every value is bound, none is written out
    replay: Step = namespace["bind"](**bound)
    return replay


def _call(node: fx.Node, bound: dict[str, Any]) -> str:
    operation = _bind(getattr(node.target, "_op", node.target), bound)  # `_op` is the C++ function itself
    arguments = [_source(argument, bound) for argument in node.args]
    arguments += [f"{name}={_source(argument, bound)}" for name, argument in node.kwargs.items()]
    return f"{operation}({', '.join(arguments)})"


def _source(argument: Any, bound: dict[str, Any]) -> str:
    if isinstance(argument, fx.Node):
        return argument.name
    if isinstance(argument, list | tuple):
        return f"({''.join(_source(item, bound) + ', ' for item in argument)})"
    return _bind(argument, bound)


def _bind(value: Any, bound: dict[str, Any]) -> str:
    name = f"bound_{len(bound)}"
    bound[name] = value
    return name
