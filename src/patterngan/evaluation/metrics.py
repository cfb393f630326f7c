"""Exact evaluation: how far the generated integers are from the pattern's uniform law.

All metrics are computed from integers `[..., samples]` and are themselves `[...]`: leading axes stay apart.
Where the generator's noise can be enumerated, each noise vector is one equally likely sample, the empirical
law *is* the generator's law, and the figures are exact.
"""

import math
from typing import Any

import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.patterns import LARGEST_LISTED, HeldOut, Pattern

NAMES = (
    "validity",
    "distinct",
    "entropy",
    "modes",
    "coverage",
    "tv",
    "kl",
    "fidelity",
    "rate",
    "unseen_coverage",
    "marginal_gap",
    "d_real",
    "d_fake",
)
"""Every metric that is a single figure of the generator or the discriminator."""

Metrics = dict[str, Any]
"""Metric name → figure: a number, a bool, or a list of numbers."""


def measure(integers: Tensor, pattern: Pattern) -> dict[str, Tensor]:
    """The metrics of generated integers [..., samples], each [...] in float64.

    validity: share of samples in the support. distinct: how many different integers were generated.
    entropy: of the generated law over all integers, in nats. Where the support can be listed also:
    modes: how many of its integers were generated, coverage: their share. tv: ½ Σ |p − target| over all
    integers, valid or not. kl: KL(generated ‖ target) over the valid samples, in nats; NaN without any.
    Where some of the support was held out of training, also those of `generalisation`.
    """
    valid = pattern.contains(integers)
    validity = valid.double().mean(-1)
    law = distinct_law(integers)
    metrics = {
        "validity": validity,
        "distinct": (law > 0).sum(-1).double(),
        "entropy": -torch.xlogy(law, law).sum(-1),
    }
    if pattern.size <= LARGEST_LISTED:
        law = support_law(integers, valid, pattern)
        metrics |= compare(law, validity)
        if isinstance(pattern, HeldOut):
            metrics |= generalisation(law, validity, pattern)
    return metrics


def distinct_law(integers: Tensor) -> Tensor:
    """The empirical probability of each distinct value, [..., samples], padded with zeros.

    Sorts, so that it costs the same for codes of any width: no table of all integers is made.
    """
    ordered = integers.sort(-1).values
    changes = (ordered[..., 1:] != ordered[..., :-1]).long()
    value = torch.cat([torch.zeros_like(ordered[..., :1]), changes.cumsum(-1)], -1)
    share = torch.full(ordered.shape, 1 / ordered.shape[-1], dtype=torch.float64, device=ordered.device)
    return torch.zeros_like(share).scatter_add_(-1, value, share)


def support_law(integers: Tensor, valid: Tensor, pattern: Pattern) -> Tensor:
    """The empirical probability of each integer of the support, [..., size]; sums to the validity."""
    ranks = torch.where(valid, pattern.rank(integers), 0)
    shares = valid.double() / integers.shape[-1]
    law = torch.zeros(*integers.shape[:-1], pattern.size, dtype=torch.float64, device=integers.device)
    return law.scatter_add_(-1, ranks, shares)


def compare(law: Tensor, validity: Tensor) -> dict[str, Tensor]:
    """modes, coverage, tv and kl of a law on the support, [..., size], against the uniform law."""
    size = law.shape[-1]
    modes = (law > 0).sum(-1).double()
    within = law / validity.unsqueeze(-1)
    return {
        "modes": modes,
        "coverage": modes / size,
        "tv": ((law - 1 / size).abs().sum(-1) + 1 - validity) / 2,
        "kl": torch.xlogy(within, within * size).sum(-1),
    }


def generalisation(law: Tensor, validity: Tensor, pattern: HeldOut) -> dict[str, Tensor]:
    """How the generator does on what training never showed it, of its law on the support [..., size].

    fidelity: of the samples that are not from training, the share that is valid; NaN without any. rate: the share of
    all samples that is valid and unseen. unseen_coverage: the share of the unseen valid integers that was generated.
    Source: Gili et al. 2022, arXiv 2201.08770, section 2.
    """
    ranks = torch.arange(pattern.size, device=law.device)
    unseen = law[..., ~pattern.seen.contains(pattern.member(ranks))]
    rate = unseen.sum(-1)
    return {
        "fidelity": rate / (rate + 1 - validity),
        "rate": rate,
        "unseen_coverage": (unseen > 0).double().mean(-1),
    }


def tv_floor(size: int, samples: int) -> float:
    """The expected tv of `samples` draws of the target itself, uniform on `size` integers.

    Half the mean absolute deviation of a binomial (De Moivre), times the number of integers:
    E|X − np| = 2 m (1 − p) P(X = m) with m = ⌊np⌋ + 1.
    """
    if size == 1:
        return 0.0
    p = 1 / size
    m = samples // size + 1
    log_probability = (
        math.lgamma(samples + 1)
        - math.lgamma(m + 1)
        - math.lgamma(samples - m + 1)
        + m * math.log(p)
        + (samples - m) * math.log1p(-p)
    )
    deviation = 2 * m * (1 - p) * math.exp(log_probability)
    return size * deviation / samples / 2


def marginals(integers: Tensor, reals: Tensor, encoding: Encoding) -> dict[str, Tensor]:
    """For supports too large to list: the mean of each code entry, [..., width], generated and real,

    and the largest gap between them, [...]. Entries of a binary code are its bits.
    """
    generated, real = encoding.encode(integers).mean(-2), encoding.encode(reals).mean(-2)
    return {"marginals": generated, "real_marginals": real, "marginal_gap": (generated - real).abs().amax(-1)}


def report(integers: Tensor, reals: Tensor, pattern: Pattern, encoding: Encoding, exact: bool) -> Metrics:
    """The metrics of one GAN's integers [samples] as plain numbers, with what is needed to read them.

    Args:
        integers: what the generator made.
        reals: draws from the pattern, as many: used for the marginals of supports too large to list.
        pattern: the truth.
        encoding: of both.
        exact: whether `integers` is the generator's whole law; then a perfect generator's tv is 0.
    """
    metrics = measure(integers, pattern)
    listed = "tv" in metrics
    if not listed:
        metrics |= marginals(integers, reals, encoding)
    plain: Metrics = {name: value.tolist() for name, value in metrics.items()}
    for count in ("distinct", "modes"):
        if count in plain:
            plain[count] = int(plain[count])
    plain |= {"support": pattern.size, "samples": integers.shape[-1], "exact": exact}
    if listed:
        plain["tv_floor"] = 0.0 if exact else tv_floor(pattern.size, integers.shape[-1])
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in plain.items()}


def selection_score(metrics: Metrics) -> float:
    """What the best checkpoint minimises: tv, or where it cannot be known, the share of invalid samples."""
    return float(metrics.get("tv", 1 - metrics["validity"]))
