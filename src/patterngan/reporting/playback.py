"""The training of a run as numbers for its page, where `assets/playback.js` moves through them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from patterngan.data.encodings import BLANK
from patterngan.evaluation.portraits import Portrait
from patterngan.reporting.figures import HELD, INVALID, MISSING, MISSING_BELOW, TARGET, VALID, has_dots, partings

NAMES = {"invalid": INVALID, "valid": VALID, "held out": HELD}
"""The kinds of integers, by number, and their colours."""

ABSENT = 255
"""An entry of a code that is not there; the others are 0 … 254."""


def playback(portraits: Mapping[int, Portrait]) -> dict[str, Any] | None:
    """The laws, D(x) and the codes of every portrait, as JSON takes them; None without any.

    Arrays are base64 of little-endian numbers, a third of the size of digits: laws float32 [integers], scores uint16
    [capacity] in units of 1/65535, codes uint8 [shown · width] in units of 1/254, `kinds` uint8 [integers]. There is
    an entry for all integers above the capacity where one of the laws needs it.

    Args:
        portraits: step → portrait; of a run whose portraits differ in their sizes, those like the last.
    """
    if not portraits:
        return None
    last = portraits[max(portraits)]
    alike = {step: one for step, one in portraits.items() if _sizes(one) == _sizes(last)}
    capacity = len(last.d_scores)
    integers = capacity + int(any(one.law[-1] > 0 for one in alike.values()))
    kinds = (last.target > 0).long() + last.held.long()
    return {
        "steps": list(alike),
        "capacity": capacity,
        "target": last.target.max().item(),
        "missing_below": MISSING_BELOW,
        "names": [name for name in NAMES if name != "held out" or last.held.any()],
        "colors": {**NAMES, "missing": MISSING, "target": TARGET},
        "kinds": _packed(kinds[:integers], "u1"),
        "laws": [_packed(one.law[:integers], "<f4") for one in alike.values()],
        "scores": [_packed((one.d_scores * 65535).round(), "<u2") for one in alike.values()],
        "codes": [_packed(_levels(one.codes), "u1") for one in alike.values()],
        "integers": [list(map(str, one.integers.tolist())) for one in alike.values()],
        "width": last.codes.shape[-1],
        "partings": partings(last),
        "has_dots": has_dots(last),
    }


def _sizes(portrait: Portrait) -> tuple[int, torch.Size]:
    return len(portrait.law), portrait.codes.shape


def _levels(codes: Tensor) -> Tensor:
    """Entries of codes as 0 … 254, or `ABSENT`."""
    return torch.where(codes == BLANK, ABSENT, (codes.clamp(0, 1) * 254).round())


def _packed(numbers: Tensor, kind: str) -> str:
    return b64encode(numbers.numpy().astype(np.dtype(kind)).tobytes()).decode()
