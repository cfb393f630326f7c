"""Metrics: how far the generated integers are from the pattern's uniform law.

Metrics [...] are computed from integers [..., samples]; leading axes stay apart. If the samples are the outputs for
all of the generator's equally likely noise vectors, their empirical law is the generator's, and metrics are exact.
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
"""The metrics of the generator and the discriminator that are single numbers."""

Metrics = dict[str, Any]
"""Metric name → a number, None where it is undefined, a bool, or a list of numbers."""


def measure(integers: Tensor, pattern: Pattern) -> dict[str, Tensor]:
    """The metrics of generated integers [..., samples], each [...]: counts in int64, others in float64.

    validity: the share of samples in the support. distinct: the number of different integers.
    entropy: of the generated law over all integers, in nats.
    If the support can be listed, also modes, coverage, tv and kl; see `compare`.
    If a part of the support is held out of training, also the metrics of `generalisation`.
    """
    valid = pattern.contains(integers)
    validity = valid.double().mean(-1)
    probabilities = distinct_law(integers)
    metrics = {
        "validity": validity,
        "distinct": (probabilities > 0).sum(-1),
        "entropy": -torch.xlogy(probabilities, probabilities).sum(-1),
    }
    if pattern.size <= LARGEST_LISTED:
        law = support_law(integers, valid, pattern)
        metrics |= compare(law, validity)
        if isinstance(pattern, HeldOut):
            metrics |= generalisation(law, validity, pattern)
    return metrics


def distinct_law(integers: Tensor) -> Tensor:
    """The empirical probability of each distinct integer, [..., samples], padded with zeros.

    Sorting takes the same memory for integers of any size; a table of all integers would not.
    """
    ordered = integers.sort(-1).values
    changes = (ordered[..., 1:] != ordered[..., :-1]).long()
    value = torch.cat([torch.zeros_like(ordered[..., :1]), changes.cumsum(-1)], -1)
    share = torch.full(ordered.shape, 1 / ordered.shape[-1], dtype=torch.float64, device=ordered.device)
    return torch.zeros_like(share).scatter_add_(-1, value, share)


def support_law(integers: Tensor, valid: Tensor, pattern: Pattern) -> Tensor:
    """The empirical probability of each integer of the support, [..., size]; its sum is the validity."""
    ranks = torch.where(valid, pattern.rank(integers), 0)
    shares = valid.double() / integers.shape[-1]
    law = torch.zeros(*integers.shape[:-1], pattern.size, dtype=torch.float64, device=integers.device)
    return law.scatter_add_(-1, ranks, shares)


def compare(law: Tensor, validity: Tensor) -> dict[str, Tensor]:
    """Metrics of the generated law on the support, [..., size], against the uniform law.

    modes: the number of the support's integers that are generated. coverage: their share.
    tv: ½ Σ |p − target| over all integers, valid or not.
    kl: KL(generated ‖ target) over the valid samples, in nats; NaN if there are none.
    """
    size = law.shape[-1]
    modes = (law > 0).sum(-1)
    within = law / validity.unsqueeze(-1)
    return {
        "modes": modes,
        "coverage": modes.double() / size,
        "tv": ((law - 1 / size).abs().sum(-1) + 1 - validity) / 2,
        "kl": torch.xlogy(within, within * size).sum(-1),
    }


def generalisation(law: Tensor, validity: Tensor, pattern: HeldOut) -> dict[str, Tensor]:
    """Metrics of held-out integers, of the generated law on the support, [..., size].

    fidelity: among samples that are no training integers, the share of valid ones; NaN if there are no such samples.
    rate: among all samples, the share of held-out integers. unseen_coverage: the share of the held-out integers that
    are generated. Source: Gili et al. 2022, arXiv 2201.08770, section 2.
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
    """The expected tv of a perfect sampler: `samples` draws from the uniform law on `size` integers.

    It is ½ · size · E|X − np| / n with X binomial of n samples and p = 1 / size. De Moivre's formula has the mean
    absolute deviation: E|X − np| = 2 m (1 − p) P(X = m) with m = ⌊np⌋ + 1.
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
    """Metrics for supports too large to list.

    marginals and real_marginals: the mean of each entry of a code (in binary, of each bit), [..., width].
    marginal_gap: the largest difference between the two, [...].
    """
    generated, real = encoding.encode(integers).mean(-2), encoding.encode(reals).mean(-2)
    return {"marginals": generated, "real_marginals": real, "marginal_gap": (generated - real).abs().amax(-1)}


def report(integers: Tensor, reals: Tensor, pattern: Pattern, encoding: Encoding, exact: bool) -> Metrics:
    """The metrics of one GAN as plain numbers, with support, samples, exact and tv_floor, by which they are read.

    Args:
        integers: generated, int64 [samples].
        reals: integers of the pattern, for the marginals of supports too large to list.
        pattern: the truth.
        encoding: of both.
        exact: whether the empirical law of `integers` is the generator's; a perfect generator's tv is then 0.
    """
    metrics = measure(integers, pattern)
    if "tv" not in metrics:
        metrics |= marginals(integers, reals, encoding)
    plain: Metrics = {name: value.tolist() for name, value in metrics.items()}
    plain |= {"support": pattern.size, "samples": integers.shape[-1], "exact": exact}
    if "tv" in metrics:
        plain["tv_floor"] = 0.0 if exact else tv_floor(pattern.size, integers.shape[-1])
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in plain.items()}


def selection_score(metrics: Metrics) -> float:
    """The number that the best checkpoint minimises: tv, or 1 − validity where tv is unknown."""
    return float(metrics.get("tv", 1 - metrics["validity"]))
