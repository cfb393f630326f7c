"""Populations: many networks of one structure, run as one.

A contributor writes an ordinary module. A population stacks the parameters of its members along a leading axis and
maps the module over it (`torch.func.vmap`). Linear maps, where most time goes, have a batched product of their own:
vmap would multiply thousands of one-column matrices, and return gradients that are transposed views.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.func import functional_call
from torch.overrides import TorchFunctionMode
from typing_extensions import override

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

    def forward(self, *inputs: Tensor | None) -> Tensor:
        """[members, ..., in] → [members, ..., out]: every member reads its own inputs; None is given to all."""
        weights = dict(self.members.named_parameters()) | dict(self.members.named_buffers())
        dims = 0, *(None if one is None else 0 for one in inputs)
        together = torch.vmap(lambda weights, *inputs: functional_call(self.members, weights, inputs), dims)
        with FastLinear():
            outputs: Tensor = together(weights, *inputs)
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
            members = [cast(Scheduled, module.get_submodule(name)) for module in modules]
            part.schedules = [member.schedules[0] for member in members]
    return together


def share_weights(whole: nn.Module, part: nn.Module, members: slice) -> None:
    """Makes the parameters and buffers of a part views of the whole's, whose members `members` it is made of."""
    tensors = dict(whole.named_parameters()) | dict(whole.named_buffers())
    for name, tensor in [*part.named_parameters(), *part.named_buffers()]:
        tensor.data = tensors[name].detach()[members]


def _replace(module: nn.Module, name: str, tensor: Tensor) -> None:
    owner, _, leaf = name.rpartition(".")
    setattr(module.get_submodule(owner), leaf, tensor)


class FastLinear(TorchFunctionMode):
    """Wherever a module calls `F.linear`, as `nn.Linear` does, `linear` is called in its place."""

    @override
    def __torch_function__(
        self, function: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        called = linear if function is F.linear else function
        return called(*args, **(kwargs or {}))


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """One member's `F.linear`, as it is called under vmap."""
    product: Tensor = MemberProduct.apply(inputs, weight)  # type: ignore[no-untyped-call]
    return product if bias is None else product + bias


class MemberProduct(torch.autograd.Function):
    """rows [members, n, in] times the transpose of weight [members, out, in] → [members, n, out].

    Under vmap the same for one member: inputs [..., in], weight [out, in] → [..., out].
    """

    @staticmethod
    @override
    def vmap(info: Any, dims: tuple[int | None, int | None], inputs: Tensor, weight: Tensor) -> tuple[Tensor, int]:
        inputs, weight = (
            tensor.expand(info.batch_size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
            for tensor, dim in zip((inputs, weight), dims, strict=True)
        )
        rows = inputs.reshape(len(inputs), -1, inputs.shape[-1])
        product: Tensor = MemberProduct.apply(rows, weight)  # type: ignore[no-untyped-call]
        return product.reshape(*inputs.shape[:-1], -1), 0

    @staticmethod
    @override
    def forward(rows: Tensor, weight: Tensor) -> Tensor:
        if weight.shape[1] == 1:  # as a product of vectors: a batch of tiny matrices costs ten times as much
            return (rows * weight).sum(-1, keepdim=True)
        return torch.bmm(rows, weight.mT)

    @staticmethod
    @override
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    @override
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
