"""Capturing a step: its tensor operations, recorded once, then replayed alone.

A GAN step at this size is a hundred operations of a microsecond each, buried under module calls, the autograd
engine and the optimizers' Python. `recording` sees through all of these down to the operations and the tensors they
read and write. `scripting` writes these as a TorchScript function, and its interpreter replays them: bitwise the same
numbers.

What a step did in Python when it was recorded, it does for ever: it must not branch on values, count calls or read
numbers that change (a tensor that is changed in place is fine). Such a step says `capture=false`.

PyTorch calls TorchScript deprecated, but nothing that follows it replays a step without a compiler. `torch.compile` was
tried: on one thread the multiples recipe took 24 s to start and 1190 µs a step, against 840 µs in Python and 217 µs
when it was replayed by Python. TorchScript replays the default recipe in 0.55 times the time of Python, and lets other
threads of Python run meanwhile.
"""

import threading
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from patterngan.training.recording import Recording, recorded
from patterngan.training.scripting import torchscript
from patterngan.validation import UsageError

Step = Callable[..., tuple[Tensor, ...]]

_recording_lock = threading.Lock()
"""Recording and compiling set flags of the whole process: one thread does so at a time."""


class Captured:
    """A step that is run as it is the first time, recorded the second, and replayed from then on.

    The first call lets optimizers create their state, which must not become part of the recording. Inputs must keep
    their shapes, types and device. What a replay returns must not be changed in place: these are inference tensors.
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
        with _recording_lock:
            recording, outputs = recorded(self._step, *inputs)
            self._next = compile_graph(recording)
        return outputs


def compile_graph(recording: Recording) -> Step:
    """A function that replays a recorded graph.

    Raises:
        UsageError: if an operation reads what TorchScript cannot write down, a `torch.Generator` for one.
    """
    source, tensors = torchscript(recording)
    try:
        run = torch.jit.CompilationUnit(source).replay
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError(f"capture=true: the networks cannot be recorded, TorchScript: {reason}; use false") from error
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.script`", DeprecationWarning)
        lasting = torch.jit.script(tensors)  # a list that is not read anew at every step

    def replay(*inputs: Tensor) -> tuple[Tensor, ...]:
        # Inference mode takes a seventh of the time away: nothing looks whether a gradient is wanted.
        # TorchScript's optimizer could change the last bits.
        with torch.inference_mode(), torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            outputs: tuple[Tensor, ...] = run(*inputs, lasting)[0]
        return outputs

    return replay
