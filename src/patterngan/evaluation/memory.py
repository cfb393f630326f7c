"""What a discriminator remembers: does it tell the integers that it was shown from those that it was not?

One that knows the rule alone says the same of both, and another thing of all other integers. One that knows the list
tells the shown ones from all others.
"""

import torch
from torch import Tensor

from patterngan.data.holdout import HeldOut

MOST_READ = 2**16
"""The most integers that D reads."""


def mean_logits(logits: Tensor, pattern: HeldOut) -> dict[str, float]:
    """D's mean logit of shown, held-out and invalid integers, as the metrics d_seen, d_unseen and d_invalid.

    They are exact: means over all integers 0 … capacity−1. A kind of which there is none is left out.

    Args:
        logits: of each integer by itself, [capacity]; see `portraits.d_logits`.
        pattern: the truth, a part of which training is shown.
    """
    integers = torch.arange(len(logits), device=logits.device)
    kinds = {
        "d_seen": pattern.seen.contains(integers),
        "d_unseen": pattern.withholds(integers),
        "d_invalid": ~pattern.contains(integers),
    }
    return {name: logits[kind].float().mean().item() for name, kind in kinds.items() if kind.any()}
