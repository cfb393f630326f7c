"""Discriminators: networks from codes to logits, and what can be done to any of them."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from patterngan.gan.heads import Symbols
from patterngan.validation import InvalidValueError, boolean, integer


class Packed(nn.Module):
    """D of m codes side by side, all real or all fake: a generator that repeats itself is found out.

    Source: Lin et al. 2018, PacGAN, arXiv 1712.04086.
    """

    def __init__(self, network: nn.Module, pack: int) -> None:
        super().__init__()
        self.network, self.pack = network, pack

    def forward(self, codes: Tensor) -> Tensor:
        """[..., batch, width] → the network's outputs of [..., batch / m, m · width]."""
        outputs: Tensor = self.network(codes.unflatten(-2, (-1, self.pack)).flatten(-2))
        return outputs


class MinibatchStddev(nn.Module):
    """Shows D the spread of a batch: the standard deviation over groups, averaged over entries, as one entry more.

    Source: Karras et al. 2018, arXiv 1710.10196, section 3.
    """

    def __init__(self, network: nn.Module, group: int) -> None:
        super().__init__()
        self.network, self.group = network, group

    def forward(self, codes: Tensor) -> Tensor:
        """[..., batch, width] → the network's outputs of [..., batch, width + 1]."""
        groups = codes.unflatten(-2, (-1, self.group))
        variance = groups.var(-2, unbiased=False, keepdim=True)
        stddev = (variance + 1e-8).sqrt().mean(-1, keepdim=True)
        feature = stddev.expand(*groups.shape[:-1], 1).flatten(-3, -2)
        outputs: Tensor = self.network(torch.cat([codes, feature], -1))
        return outputs


class SpectralNorm(nn.Module):
    """W / σ(W), where σ, the largest singular value, is followed by one power iteration each time D is used.

    Source: Miyato et al. 2018, arXiv 1802.05957, algorithm 1. PyTorch's own has no batching rule.
    """

    u: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("u", F.normalize(torch.randn(weight.shape[0]), dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        """[out, in] → [out, in]."""
        with torch.no_grad():
            v = F.normalize(self.u @ weight, dim=0)
            u = F.normalize(weight @ v, dim=0)
            if self.training:
                self.u.copy_(u)
        return weight / (u @ weight @ v)


def spectrally_normalised(network: nn.Module) -> nn.Module:
    """The network, every linear map in it divided by its largest singular value.

    Raises:
        InvalidValueError: if there is none.
    """
    maps = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not maps:
        raise InvalidValueError("spectral_norm", True, "finds no linear map in the architecture's discriminator")
    for module in maps:
        parametrize.register_parametrization(module, "weight", SpectralNorm(module.weight))
    return network


def discriminator(
    network: Callable[[Symbols], nn.Module],
    symbols: Symbols,
    batch_size: int,
    pack: int = 1,
    minibatch_stddev: int = 0,
    spectral_norm: bool = False,
) -> nn.Module:
    """A discriminator, codes [..., batch, width] → logits [..., batch / pack, 1].

    Args:
        network: makes its network, from the sizes of the symbols that it reads.
        symbols: of a code.
        batch_size: codes in a step.
        pack: how many independent codes it looks at at once.
        minibatch_stddev: the size of groups whose spread it is shown; 0: it is not.
        spectral_norm: whether its linear maps are normalised.

    Raises:
        InvalidValueError: unless pack and minibatch_stddev divide batch_size.
    """
    pack, group = integer("pack", pack, 1, 2**10), integer("minibatch_stddev", minibatch_stddev, 0, 2**20)
    if batch_size % pack:
        raise InvalidValueError("pack", pack, f"must divide batch_size={batch_size}")
    if group == 1 or (group and (batch_size // pack) % group):
        of = f"batch_size={batch_size}" if pack == 1 else f"batch_size/pack={batch_size // pack}"
        raise InvalidValueError("minibatch_stddev", group, f"must be 0, or at least 2 and divide {of}")
    made = network(tuple(symbols) * pack + (1,) * bool(group))
    if boolean("spectral_norm", spectral_norm):
        made = spectrally_normalised(made)
    if group:
        made = MinibatchStddev(made, group)
    return Packed(made, pack) if pack > 1 else made


def compared(discriminator: nn.Module) -> int:
    """How many codes a discriminator compares with each other: a batch must be a multiple."""
    sizes = [part.pack for part in discriminator.modules() if isinstance(part, Packed)]
    sizes += [part.group for part in discriminator.modules() if isinstance(part, MinibatchStddev)]
    return math.prod(sizes)
