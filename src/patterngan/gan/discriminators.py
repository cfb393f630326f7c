"""Discriminators: networks from codes to logits, and wrappers that work with any of them."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from patterngan.data.encodings import Symbols
from patterngan.gan.enumeration import choices, every_code, places
from patterngan.gan.networks import ACTIVATIONS, Slope
from patterngan.gan.recurrent import Cell, RecurrentDiscriminator
from patterngan.gan.step import Players
from patterngan.validation import InvalidValueError, boolean, integer

ROWWISE = {nn.Sequential, nn.ModuleList, nn.Linear, *ACTIVATIONS.values(), Slope, Cell, RecurrentDiscriminator}
"""Modules whose output for a code depends on that code and the weights alone, and that keep nothing."""


class Packed(nn.Module):
    """D of `pack` codes at once, all real or all fake, so that it can see a generator repeat itself.

    Source: Lin et al. 2018, PacGAN, arXiv 1712.04086.
    """

    def __init__(self, network: nn.Module, pack: int) -> None:
        super().__init__()
        self.network, self.pack = network, pack

    def forward(self, codes: Tensor) -> Tensor:
        """Codes [..., batch, width] → the network's outputs of [..., batch / pack, pack · width]."""
        outputs: Tensor = self.network(codes.unflatten(-2, (-1, self.pack)).flatten(-2))
        return outputs


class MinibatchStddev(nn.Module):
    """Appends one entry to each code: the standard deviation in its group, averaged over the code's entries.

    Source: Karras et al. 2018, arXiv 1710.10196, section 3.
    """

    def __init__(self, network: nn.Module, group: int) -> None:
        super().__init__()
        self.network, self.group = network, group

    def forward(self, codes: Tensor) -> Tensor:
        """Codes [..., batch, width] → the network's outputs of [..., batch, width + 1]."""
        groups = codes.unflatten(-2, (-1, self.group))
        variance = groups.var(-2, unbiased=False, keepdim=True)
        stddev = (variance + 1e-8).sqrt().mean(-1, keepdim=True)
        feature = stddev.expand(*groups.shape[:-1], 1).flatten(-3, -2)
        outputs: Tensor = self.network(torch.cat([codes, feature], -1))
        return outputs


class SpectralNorm(nn.Module):
    """W / σ(W), with σ the largest singular value, estimated by one power iteration in each forward pass.

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
    """The network, changed in place: every linear map, of which it must have one, is divided by its σ."""
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
        network: makes the network, given the sizes of its inputs' symbols.
        symbols: the sizes of a code's symbols.
        batch_size: codes in a batch.
        pack: independent codes that one logit is of; divides batch_size.
        minibatch_stddev: codes in a group of `MinibatchStddev`, or packs; divides their number in a batch. 0: none.
        spectral_norm: whether linear maps are normalised.
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
    """How many codes a discriminator compares with each other; a batch must have a multiple of them."""
    sizes = [part.pack for part in discriminator.modules() if isinstance(part, Packed)]
    sizes += [part.group for part in discriminator.modules() if isinstance(part, MinibatchStddev)]
    return math.prod(sizes)


def reads_few_codes(discriminator: nn.Module, symbols: Symbols, batch_size: int) -> bool:
    """Whether there are fewer hard codes of these symbols than one batch of reals and one of fakes have.

    And the discriminator is known to read every code by itself, the same in every pass. Without symbols: no.
    """
    few = bool(symbols) and choices(symbols) < 2 * batch_size
    return few and all(type(part) in ROWWISE for part in discriminator.modules())


def each_code_once(players: Players, symbols: Symbols, like: Tensor) -> Players:
    """Players for one GAN step whose discriminator reads every hard code once, and looks batches up among these.

    A batch of a few hundred codes of seven bits has each of them several times. Logits are looked up until D takes a
    step. `like` has the type and the device of codes.
    """
    every, known = every_code(symbols, like), list[Tensor]()

    def look_up(codes: Tensor) -> Tensor:
        if not known:
            with torch.enable_grad():  # also where the first look is one that needs no gradient
                known.append(players.discriminator(every.expand(*codes.shape[:-2], -1, -1)))
        return known[0].gather(-1, places(codes, symbols))

    def step(loss: Tensor) -> None:
        players.step_discriminator(loss)
        known.clear()

    return replace(players, discriminator=look_up, step_discriminator=step)
