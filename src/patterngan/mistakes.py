"""What cannot be said of a mistake in the words that came with it."""

import re
import sys
import traceback

from patterngan.validation import UsageError, legible

LONGEST = 1000
"""Signs of an error that are shown; of longer ones the beginning and the end."""


def readable(text: str) -> str:
    """A text in one line of a length that is read; signs that a terminal would obey are written out."""
    shown = legible(text).replace("\n", "\\n")
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST // 2]} … {shown[-LONGEST // 2 :]}"


def raised_by_hydra(error: Exception) -> bool:
    """Whether it was Hydra that could not go on, and nothing that it had called of ours."""
    modules = [
        str(frame.f_globals.get("__name__")).partition(".")[0] for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    ours = ("patterngan", "hydra_plugins", "__main__", "train")
    return [module for module in modules if module in ("hydra", *ours)][-1:] == ["hydra"]


def hydras_mistake(error: Exception) -> UsageError:
    """The mistake for what Hydra raises where a key of its own holds what it does not check: any kind of exception."""
    typed = [word for word in sys.argv[1:] if re.match(r"[+~]*hydra(?!\.run\.dir=|\.sweep\.dir=)", word)]
    reason = " ".join(str(error.__cause__ or error).split())
    error_type = type(error.__cause__ or error).__name__
    mistake = UsageError(f"{' '.join(typed) or 'this command'}: cannot be used by Hydra ({error_type}: {reason})")
    mistake.__cause__ = error
    return mistake
