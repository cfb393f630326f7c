"""result.json: how a run ended."""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from patterngan.storage.files import write_atomically
from patterngan.validation import UsageError

FILE, PAGE, FILM = "result.json", "report.html", "training.gif"
"""The result of a run, and the files that are made from it."""

Status = Literal["completed", "failed", "diverged"]


@dataclass(frozen=True)
class Result:
    """The content of result.json, the last file that a run writes. A run without one has not ended."""

    status: Status
    seed: int | None
    """None where the config held no integer."""
    steps: int
    """GAN steps trained."""
    wall_seconds: float
    """See `stopwatch.Seconds`, as for the next."""
    share_seconds: float
    overrides: list[str]
    """What the user typed."""
    error: str | None = None
    ended: str | None = None
    """Where and why it ended, if it completed before its last step."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """See `evaluation.metrics`."""

    def write(self, folder: Path) -> None:
        """Writes `result.json` into the run's folder, whole or not at all."""
        write_atomically(folder / FILE, (json.dumps(asdict(self), indent=2, allow_nan=False) + "\n").encode())


def read(folder: Path) -> dict[str, Any]:
    """A run's result.json.

    Raises:
        FileNotFoundError: if there is none.
        UsageError: if it is not the result of a run.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        content = None
    if not _is_result(content):
        raise UsageError(f"{path}: is no result of a run")
    return dict(content)


def _is_result(content: object) -> bool:
    if not isinstance(content, dict) or content.get("status") not in get_args(Status):
        return False
    overrides, metrics = content.get("overrides"), content.get("metrics")
    return (
        isinstance(content.get("steps"), int)
        and _is_finite(content.get("wall_seconds"))
        and _is_finite(content.get("share_seconds", 0))
        and isinstance(content.get("error"), str | None)
        and isinstance(content.get("ended"), str | None)
        and isinstance(content.get("seed"), int | None)
        and isinstance(overrides, list)
        and all(isinstance(override, str) for override in overrides)
        and isinstance(metrics, dict)
        and all(value is None or isinstance(value, list) or _is_finite(value) for value in metrics.values())
    )


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def has_completed(folder: Path) -> bool:
    """Whether the result of a run that completed is in its folder."""
    try:
        return bool(read(folder)["status"] == "completed")
    except (FileNotFoundError, UsageError):
        return False


def remove_result(folder: Path) -> None:
    """Deletes the files that say how a run ended, because it goes on."""
    for name in (FILE, PAGE, FILM):
        (folder / name).unlink(missing_ok=True)
