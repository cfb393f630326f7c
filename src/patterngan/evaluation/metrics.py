"""Metrics: how far a generator's law is from the pattern's uniform law; `registry` has their list.

Metrics [...] are computed from laws [..., n]; leading axes stay apart. Those of an exact law have no sampling error.
"""

import math
from typing import Any

import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.holdout import HeldOut
from patterngan.data.patterns import LARGEST_LISTED, Pattern
from patterngan.evaluation.law import Law
from patterngan.evaluation.registry import COUNTS

Metrics = dict[str, Any]
"""Metric name → a number, None where it is undefined, a bool, or a list of numbers."""


def measure(law: Law, pattern: Pattern) -> dict[str, Tensor]:
    """The metrics of a law [..., n], each float64 [...].

    validity: the probability of the support. entropy: of the generated law over all integers, in nats.
    distinct: the number of different integers among `law.samples` draws; the expected one of an exact law.
    If the support can be listed, also modes and coverage, the number and share of its integers among these draws, and
    the metrics of `compare`.
    If a part of it is held out of training, also unseen_coverage, the share of that part's integers among the draws,
    and the metrics of `generalisation`.
    """
    valid = pattern.contains(law.integers)
    invalid = torch.where(valid, 0, law.probabilities).sum(-1)
    probabilities = distinct_probabilities(law)
    metrics = {
        "validity": torch.where(valid, law.probabilities, 0).sum(-1),
        "distinct": law.seen(probabilities).sum(-1),
        "entropy": -torch.xlogy(probabilities, probabilities).sum(-1),
    }
    support = support_probabilities(law, valid, pattern) if pattern.size <= LARGEST_LISTED else None
    if support is not None:
        modes = law.seen(support).sum(-1)
        metrics |= {"modes": modes, "coverage": modes / pattern.size, **compare(support, invalid)}
    if isinstance(pattern, HeldOut):
        unseen = unseen_probabilities(law, pattern, support)
        metrics |= generalisation(unseen, invalid)
        metrics["unseen_coverage"] = law.seen(unseen).sum(-1) / pattern.held
    return metrics


def distinct_probabilities(law: Law) -> Tensor:
    """The probability of each distinct integer, [..., n], padded with zeros.

    Sorting takes the same memory for integers of any size; a table of all integers would not.
    """
    ordered, places = law.integers.sort(-1)
    changes = (ordered[..., 1:] != ordered[..., :-1]).long()
    value = torch.cat([torch.zeros_like(ordered[..., :1]), changes.cumsum(-1)], -1)
    return torch.zeros_like(law.probabilities).scatter_add_(-1, value, law.probabilities.gather(-1, places))


def support_probabilities(law: Law, valid: Tensor, pattern: Pattern) -> Tensor:
    """The probability of each integer of the support, [..., size]; its sum is the validity."""
    ranks = torch.where(valid, pattern.rank(law.integers), 0)
    shares = torch.where(valid, law.probabilities, 0)
    return shares.new_zeros(*shares.shape[:-1], pattern.size).scatter_add_(-1, ranks, shares)


def unseen_probabilities(law: Law, pattern: HeldOut, support: Tensor | None) -> Tensor:
    """The probabilities of held-out integers, [..., n]: of each, or of those in the law where they cannot be listed.

    Args:
        law: of the generator.
        pattern: the truth.
        support: the probability of each integer of the support, [..., size]; None where it cannot be listed.
    """
    if support is not None:
        ranks = torch.arange(pattern.size, device=support.device)
        return support[..., pattern.withholds(pattern.member(ranks))]
    unseen = pattern.withholds(law.integers)
    return distinct_probabilities(law._replace(probabilities=torch.where(unseen, law.probabilities, 0)))


def compare(support: Tensor, invalid: Tensor) -> dict[str, Tensor]:
    """Metrics of the probabilities of the support [..., size] and of all other integers [...].

    tv: the total variation distance to the uniform law on the support, ½ Σ |p − target| over all integers.
    kl: KL(generated ‖ target) over the valid integers, in nats; NaN if there are none.
    forward_kl: KL(target ‖ generated), in nats; infinite if an integer of the support is never generated.
    """
    size = support.shape[-1]
    within = support / support.sum(-1, keepdim=True)
    return {
        "tv": ((support - 1 / size).abs().sum(-1) + invalid) / 2,
        "kl": torch.xlogy(within, within * size).sum(-1),
        "forward_kl": -(support * size).log().mean(-1),
    }


def generalisation(unseen: Tensor, invalid: Tensor) -> dict[str, Tensor]:
    """Metrics of the probabilities of the held-out integers [..., n], and of all that are not real [...].

    fidelity: among what is no training integer, the probability of valid ones; NaN if there is nothing such.
    rate: the probability of the held-out integers. Source: Gili et al. 2022, arXiv 2201.08770, section 2.
    """
    rate = unseen.sum(-1)
    return {"fidelity": rate / (rate + invalid), "rate": rate}


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


def marginals(law: Law, reals: Tensor, encoding: Encoding) -> dict[str, Tensor]:
    """Metrics for supports too large to list.

    marginals and real_marginals: the mean of each entry of a code (in binary, of each bit), [..., width].
    marginal_gap: the largest difference between the two, [...].
    """
    generated = (encoding.encode(law.integers).double() * law.probabilities.unsqueeze(-1)).sum(-2)
    real = encoding.encode(reals).double().mean(-2)
    return {"marginals": generated, "real_marginals": real, "marginal_gap": (generated - real).abs().amax(-1)}


def report(law: Law, reals: Tensor, pattern: Pattern, encoding: Encoding) -> Metrics:
    """The metrics of one GAN as plain numbers, with support, held, samples, exact and tv_floor, by which they are read.

    Args:
        law: of the generator, [n].
        reals: integers of the pattern, for the marginals of supports too large to list.
        pattern: the truth.
        encoding: of both.
    """
    metrics = measure(law, pattern)
    if "tv" not in metrics:
        metrics |= marginals(law, reals, encoding)
    plain: Metrics = {name: value.tolist() for name, value in metrics.items()}
    if isinstance(pattern, HeldOut):
        plain["held"] = pattern.held
    if not law.exact:
        plain |= {name: round(plain[name]) for name in COUNTS if name in plain}
    plain |= {"support": pattern.size, "samples": law.samples, "exact": law.exact}
    if "tv" in metrics:
        plain["tv_floor"] = 0.0 if law.exact else tv_floor(pattern.size, law.samples)
    undefined = {name for name, value in plain.items() if isinstance(value, float) and not math.isfinite(value)}
    return plain | dict.fromkeys(undefined)  # JSON has no word for infinity and NaN


def comparable_score(metrics: Metrics) -> float:
    """The number that ranks runs of different patterns and samples: tv above its floor, or 1 − validity without tv.

    It is (tv − floor) / (1 − floor): tv itself where the law is exact; else 0 of a perfect sampler and 1 of a generator
    of nothing real, whatever the size of the support. tv / floor would put the latter near 1 too, beside perfect ones,
    where the support is larger than the samples.
    """
    if metrics.get("tv") is None:
        return 1 - float(metrics.get("validity") or 0)
    floor = float(metrics.get("tv_floor") or 0)
    return (float(metrics["tv"]) - floor) / (1 - floor) if floor < 1 else float(metrics["tv"])


def selection_score(metrics: Metrics) -> float:
    """The number that the best checkpoint minimises: tv, or 1 − validity where tv is unknown."""
    return float(metrics.get("tv", 1 - metrics["validity"]))
