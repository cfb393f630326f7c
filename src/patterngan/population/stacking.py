"""Populations: many networks of one structure, run as one.

A contributor writes an ordinary module. A population stacks the parameters of its members along a leading axis and
maps the module over it (`torch.func.vmap`). Linear maps, where the time goes, are not left to vmap: it would
multiply matrices of one column by the thousand, and hand the optimizer gradients that are transposed views.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from patterngan.gan.schedules import Scheduled

Module = TypeVar("Module", bound=nn.Module)


class Population(nn.Module):
    """Networks of one structure with different weights, as one module.

    Every parameter and buffer of `networks` gets a leading members axis; their names stay. The weights are copied.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self._skeleton = [copy.deepcopy(networks[0]).to("meta")]  # in a list: it is no part of this module
        self.members = stacked(networks)

    def forward(self, *inputs: Tensor) -> Tensor:
        """[members, ..., in] → [members, ..., out]: every member reads its own inputs."""

        def one(weights: dict[str, Tensor], *inputs: Tensor) -> Tensor:
            result: Tensor = functional_call(self.members, weights, inputs)
            return result

        with FastLinear():
            weights = dict(self.members.named_parameters()) | dict(self.members.named_buffers())
            outputs: Tensor = torch.vmap(one)(weights, *inputs)
        return outputs

    def member(self, index: int) -> nn.Module:
        """One member as the ordinary module it was made from. It shares the population's weights."""
        module = copy.deepcopy(self._skeleton[0])
        for name, stacked in self.members.named_parameters():
            _replace(module, name, nn.Parameter(stacked[index].detach(), requires_grad=False))
        for name, buffers in self.members.named_buffers():
            _replace(module, name, buffers[index])
        return module.train(self.training)


def stacked(modules: Sequence[Module]) -> Module:
    """A copy of modules of one structure: parameters, buffers and schedules of each, along a members axis."""
    together = copy.deepcopy(modules[0])
    for name, parameter in list(together.named_parameters()):
        weights = torch.stack([module.get_parameter(name).detach() for module in modules])
        _replace(together, name, nn.Parameter(weights, requires_grad=parameter.requires_grad))
    for name, _ in list(together.named_buffers()):
        _replace(together, name, torch.stack([module.get_buffer(name) for module in modules]))
    for name, part in together.named_modules():
        if isinstance(part, Scheduled):
            members = [module.get_submodule(name) for module in modules]
            part.schedules = [
                schedule for member in members if isinstance(member, Scheduled) for schedule in member.schedules
            ]
    return together


def _replace(module: nn.Module, name: str, tensor: Tensor) -> None:
    owner, _, leaf = name.rpartition(".")
    setattr(module.get_submodule(owner), leaf, tensor)


class FastLinear(TorchFunctionMode):
    """Wherever a module calls `F.linear`, as `nn.Linear` does, `MemberLinear` is called in its place."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        """See `torch.overrides.TorchFunctionMode`."""
        if function is F.linear:
            return linear(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """One member's `F.linear`, as it is called under vmap."""
    product: Tensor = MemberProduct.apply(inputs, weight)  # type: ignore[no-untyped-call]
    return product if bias is None else product + bias


class MemberProduct(torch.autograd.Function):
    """inputs [..., in] times the transpose of weight [out, in], with a rule for a members axis in both."""

    @staticmethod
    def forward(inputs: Tensor, weight: Tensor) -> Tensor:
        """Without a members axis."""
        return inputs @ weight.T

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        """Keeps the factors for the gradient."""
        ctx.save_for_backward(*inputs)

    @staticmethod
    def vmap(info: Any, dims: tuple[int | None, int | None], inputs: Tensor, weight: Tensor) -> tuple[Tensor, int]:
        """With a members axis."""
        inputs, weight = (
            tensor.expand(info.batch_size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
            for tensor, dim in zip((inputs, weight), dims, strict=True)
        )
        rows = inputs.reshape(len(inputs), -1, inputs.shape[-1])
        return product(rows, weight).reshape(*inputs.shape[:-1], -1), 0


def product(rows: Tensor, weight: Tensor) -> Tensor:
    """rows [members, n, in], weight [members, out, in] → [members, n, out]."""
    result: Tensor = BatchedProduct.apply(rows, weight)  # type: ignore[no-untyped-call]
    return result


class BatchedProduct(torch.autograd.Function):
    """`rows @ weight.mT` for each member."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor) -> Tensor:
        """See the class."""
        ctx.save_for_backward(rows, weight)
        if weight.shape[1] == 1:  # as a product of vectors: a batch of tiny matrices costs ten times as much
            return (rows * weight).sum(-1, keepdim=True)
        return torch.bmm(rows, weight.mT)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """gradient [members, n, out]."""
        rows, weight = ctx.saved_tensors
        single = weight.shape[1] == 1
        to_rows, to_weight = None, None
        if ctx.needs_input_grad[0]:
            to_rows = gradient * weight if single else torch.bmm(gradient, weight)
        if ctx.needs_input_grad[1]:
            to_weight = (gradient * rows).sum(1, keepdim=True) if single else torch.bmm(gradient.mT, rows)
        return to_rows, to_weight
