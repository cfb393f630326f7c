"""The metrics that there are: the name, meaning, range and better direction of each.

Every list of metrics follows this one: what `optimized_metric` may be, tables, tiles, charts, pages, TensorBoard's
HPARAMS tab, and the table of docs/runs.md.
"""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Level = Literal["main", "shown", "kept"]
"""Where a metric is seen: also in terminals and charts, also on pages and in HPARAMS, or in files and curves alone."""

RANGES = {
    "share": (0.0, 1.0),
    "nats": (0.0, math.inf),
    "integers": (0.0, math.inf),
    "logits": (-math.inf, math.inf),
}
"""Unit → the lowest and the highest value; integers are counted."""


@dataclass(frozen=True)
class Metric:
    """One metric, or a family of metrics whose names end in a number: `validity_N`."""

    name: str
    meaning: str
    """One line."""
    unit: Literal["share", "nats", "integers", "logits"]
    better: Literal["higher", "lower"] | None
    """None where a perfect generator's value is neither the highest nor the lowest."""
    level: Level
    having: Literal["every", "listed", "large", "holdout", "few", "lengths"] = "every"
    """Which runs have it: all; those with a pattern of at most 2^20 integers, which are listed, or with a larger one;
    those with a holdout, of any capacity or of at most 2^16; those with `evaluation.lengths`."""
    accuracy: Literal["exact", "expected", "counted"] = "exact"
    """What it is where the generator's law is known; elsewhere all are counted in draws."""
    floored: bool = False
    """Whether a run also has `floor`, the value that a perfect sampler would show; 0 where exact."""

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest possible value."""
        return RANGES[self.unit]

    @property
    def floor(self) -> str:
        """The name of its floor."""
        return f"{self.name}_floor"

    @property
    def is_family(self) -> bool:
        """Whether it stands for the metrics of any number in place of N."""
        return self.name.endswith("_N")

    @property
    def rising(self) -> str:
        """The name of its curve in charts, where shares rise to 1 as training succeeds."""
        return f"1-{self.name}" if self.better == "lower" else self.name

    def matches(self, name: str) -> bool:
        """Whether a name is that of this metric, or of one of this family."""
        pattern = re.escape(self.name.removesuffix("N")) + r"\d+" if self.is_family else re.escape(self.name)
        return re.fullmatch(pattern, name) is not None


METRICS = (
    Metric("validity", "probability that a generated integer is in the pattern", "share", "higher", "main"),
    Metric(
        "modes",
        "how many of the pattern's integers are among the draws",
        "integers",
        "higher",
        "shown",
        "listed",
        "expected",
    ),
    Metric(
        "coverage", "share of the pattern's integers among the draws", "share", "higher", "main", "listed", "expected"
    ),
    Metric("tv", "total variation distance to the uniform law", "share", "lower", "main", "listed", floored=True),
    Metric("kl", "KL(generated ‖ uniform) over the valid integers", "nats", "lower", "shown", "listed"),
    Metric(
        "forward_kl",
        "KL(uniform ‖ generated); grows without bound as an integer gets lost, null where one is never generated",
        "nats",
        "lower",
        "shown",
        "listed",
    ),
    Metric(
        "marginal_gap",
        "largest difference between the mean of an entry of the codes, generated and real",
        "share",
        "lower",
        "main",
        "large",
    ),
    Metric(
        "fidelity", "valid share of what is generated outside the training set", "share", "higher", "shown", "holdout"
    ),
    Metric(
        "unseen_coverage",
        "share of the held-out integers among the draws",
        "share",
        "higher",
        "main",
        "holdout",
        "expected",
    ),
    Metric("rate", "share of all samples that is valid and was never shown", "share", "higher", "kept", "holdout"),
    Metric(
        "validity_N",
        "share of real integers among 10 000 codes of N symbols, longer than in training",
        "share",
        "higher",
        "shown",
        "lengths",
        "counted",
    ),
    Metric("entropy", "entropy of the generated law", "nats", None, "kept"),
    Metric(
        "distinct", "how many different integers are among the draws", "integers", None, "kept", "every", "expected"
    ),
    Metric("d_real", "the discriminator's mean probability that reals are real", "share", None, "kept"),
    Metric("d_fake", "the discriminator's mean probability that fakes are real", "share", None, "kept"),
    Metric(
        "d_seen", "the discriminator's mean logit of the integers that training is shown", "logits", None, "kept", "few"
    ),
    Metric("d_unseen", "the discriminator's mean logit of the held-out integers", "logits", None, "kept", "few"),
    Metric(
        "d_invalid", "the discriminator's mean logit of integers outside the pattern", "logits", None, "kept", "few"
    ),
)
"""All metrics that are single numbers, the most important first."""

NAMES = tuple(metric.name for metric in METRICS if not metric.is_family)
"""The metrics with a name of their own."""

COUNTS = tuple(metric.name for metric in METRICS if metric.unit == "integers")
"""The metrics that count integers; of an exact law these are expected numbers, and no integers themselves."""

CHARTED = tuple(metric for metric in METRICS if metric.level == "main" and metric.having in ("every", "listed"))
"""The shares that are drawn over the steps of training, in one chart; see `Metric.rising`."""


def metric_named(name: str) -> Metric | None:
    """The metric of this name, or the family that the name belongs to; None where there is none."""
    return next((metric for metric in METRICS if metric.matches(name)), None)


def present(names: Collection[str], *levels: Level) -> list[str]:
    """Those of these names that are metrics of one of the levels, the most important first."""
    chosen = [metric for metric in METRICS if metric.level in levels]
    return [name for metric in chosen for name in names if metric.matches(name)]
