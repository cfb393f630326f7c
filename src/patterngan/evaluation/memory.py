"""What a discriminator remembers: does it tell the integers that it was shown from those that it was not?

One that knows the rule alone says the same of both, and another thing of all other integers. One that knows the list
tells the shown ones from all others.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from patterngan.data.encodings import Encoding
from patterngan.data.holdout import HeldOut
from patterngan.evaluation.portraits import D_BATCH

MOST_READ = 2**16
"""The most integers that D reads."""


def d_logits(
    discriminator: Callable[[Tensor], Tensor], pattern: HeldOut, encoding: Encoding, device: torch.device
) -> dict[str, float]:
    """D's mean logit of shown, held-out and invalid integers, as the metrics d_seen, d_unseen and d_invalid.

    They are exact: means over all integers 0 … capacity−1, in codes of all symbols. D has no noise on its states. Empty
    where there are too many integers; a kind of which there is none is left out.

    Args:
        discriminator: codes [batch, width] → logits [batch], of each code by itself.
        pattern: the truth, a part of which training is shown.
        encoding: of integers and codes.
        device: of the discriminator.
    """
    if encoding.capacity > MOST_READ:
        return {}
    integers = torch.arange(encoding.capacity, device=device)
    logits = torch.cat([discriminator(encoding.encode(some)) for some in integers.split(D_BATCH)])
    valid, shown = pattern.contains(integers), pattern.seen.contains(integers)
    kinds = {"d_seen": shown, "d_unseen": valid & ~shown, "d_invalid": ~valid}
    return {name: logits[kind].float().mean().item() for name, kind in kinds.items() if kind.any()}
