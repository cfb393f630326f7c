"""Laws: the probability of every integer under a generator.

Where codes are drawn from known conditionals, the law is computed: the probability of an autoregressive generator's
code is a product along the tree of prefixes, that of independent symbols a product over the symbols. Where all noise
vectors can be listed, the law is the mean over them. Elsewhere it is the empirical law of samples.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from patterngan.data.encodings import Encoding, Symbols
from patterngan.gan.enumeration import choices, every_code
from patterngan.gan.heads import Head
from patterngan.gan.noise import Joined, Noise

MOST_ROWS = 2**16
"""The most codes, times the noise vectors that each may come from, of which probabilities are computed."""


class Law(NamedTuple):
    """Integers, and the probability of each; one that is listed several times has the sum of its probabilities."""

    integers: Tensor
    """int64 [..., n]"""
    probabilities: Tensor
    """float64 [..., n]; their sum is 1."""
    exact: bool
    """Whether this is the generator's law; else the empirical law of `samples` draws."""
    samples: int
    """How many draws are spoken of where it is said what a generator's draws hold."""

    def seen(self, probabilities: Tensor) -> Tensor:
        """The probability that an integer is among the samples, of the integer's probability [...].

        Of an exact law 1 − (1 − p)^samples; a sum of these is the expected number of different integers.
        """
        if not self.exact:
            return (probabilities > 0).double()
        return -torch.expm1(self.samples * torch.log1p(-probabilities))


class LawInputs(NamedTuple):
    """What a generator reads so that its law comes out."""

    noise: Tensor
    """[n, dim]"""
    codes: Tensor | None
    """Codes [n, width] whose probabilities are asked for; None where the generator makes codes of the noise."""
    exact: bool

    def to(self, dtype: torch.dtype) -> "LawInputs":
        """The same in another precision."""
        return self._replace(noise=self.noise.to(dtype), codes=None if self.codes is None else self.codes.to(dtype))


def sampled_inputs(noise: Noise, samples: int, source: torch.Generator) -> LawInputs:
    """Inputs for so many samples, drawn on the device of `source`."""
    return LawInputs(noise.sample((samples,), source), None, exact=False)


def exact_inputs(head: Head, noise: Noise, symbols: Symbols, device: torch.device) -> LawInputs | None:
    """Inputs for the exact law of a generator with this head, None where it is unknown or has too many codes.

    A head that draws nothing makes one code of each noise vector. Of a head that samples, a row is a latent vector
    with one of the codes, all codes of the first latent vector first.
    """
    latents = _listed(head, noise, symbols, device)
    if latents is None:
        return None
    if not isinstance(noise, Joined):
        return LawInputs(latents, None, exact=True)
    codes = every_code(symbols, latents)
    rows = F.pad(latents.repeat_interleave(len(codes), 0), (0, noise.uniform.dim), value=0.5)  # uniform ones go unused
    return LawInputs(rows, codes.repeat(len(latents), 1), exact=True)


def exact_rows(head: Head, noise: Noise, symbols: Symbols) -> int | None:
    """How many rows `exact_inputs` has, which are not made; None where there are none."""
    latents = _listed(head, noise, symbols, torch.device("meta"))
    return None if latents is None else len(latents) * (choices(symbols) if head.draws else 1)


def _listed(head: Head, noise: Noise, symbols: Symbols, device: torch.device) -> Tensor | None:
    """All that the generator's network may read, where the law is known and has few enough codes."""
    if not head.draws:
        return noise.enumerate(device)
    if not head.samples or not isinstance(noise, Joined):
        return None
    latents = noise.latent.enumerate(device)
    return None if latents is None or len(latents) * choices(symbols) > MOST_ROWS else latents


@torch.no_grad()
def generated_law(
    generator: Callable[..., Any], inputs: LawInputs, encoding: Encoding, samples: int
) -> tuple[Tensor, Law]:
    """The codes of a generator [n, width], and the law of the integers that they stand for.

    Args:
        generator: noise → codes, and noise with given codes → those and their log-probabilities; see
            `generators.Generator`.
        inputs: for this generator.
        encoding: of its codes.
        samples: see `Law`.
    """
    if inputs.codes is None:
        codes: Tensor = generator(inputs.noise)
        weights = torch.ones(len(codes), dtype=torch.float64, device=_counting_device(codes))
    else:
        codes, log_p = generator(inputs.noise, inputs.codes.unsqueeze(0))
        weights = log_p.to(_counting_device(codes), torch.float64).exp()
    integers = encoding.decode(codes).to(weights.device)
    return codes, Law(integers, weights / weights.sum(), inputs.exact, samples)


def _counting_device(codes: Tensor) -> torch.device:
    """Where probabilities are summed: in double precision, which Apple GPUs do not have."""
    return torch.device("cpu") if codes.device.type == "mps" else codes.device
