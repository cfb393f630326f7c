"""result.json: what became of a run."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args

from patterngan.evaluation.metrics import Metrics
from patterngan.storage import foreign
from patterngan.storage.checkpoints import write_atomically
from patterngan.validation import UsageError

FILE, PAGE, FILM = "result.json", "report.html", "training.gif"
"""What tells how a run ended, and is made from that."""

LARGEST = 2.0**63
"""Of the numbers in it."""

Status = Literal["completed", "failed", "diverged"]


@dataclass(frozen=True)
class Result:
    """The last file a run writes; a folder without one did not end."""

    status: Status
    seed: int | None
    """None where the config held no integer."""
    steps: int
    """GAN steps trained."""
    wall_seconds: float
    """Time of the process that ended the run, from its first step or resume."""
    overrides: list[str]
    """What the user typed."""
    error: str | None = None
    metrics: Metrics = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Puts `result.json` into the run's folder, whole or not at all."""
        write_atomically(folder / FILE, (json.dumps(asdict(self), indent=2, allow_nan=False) + "\n").encode())


def read(folder: Path) -> dict[str, Any]:
    """A run's result.json, whoever wrote it.

    Raises:
        FileNotFoundError: if there is none.
        UsageError: if it is not what a run writes.
    """
    path = folder / FILE
    try:
        content = json.loads(foreign.text(path))
    except NotADirectoryError as error:
        raise FileNotFoundError(path) from error
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise UsageError(f"{path}: is no result of a run") from error
    if not _is_result(content):
        raise UsageError(f"{path}: is no result of a run")
    return dict(content)


def _is_result(content: object) -> bool:
    if not isinstance(content, dict) or content.get("status") not in get_args(Status):
        return False
    overrides, metrics = content.get("overrides"), content.get("metrics")
    return (
        _is_number(content.get("steps"), int)
        and _is_number(content.get("wall_seconds"))
        and isinstance(content.get("error"), str | None)
        and (content.get("seed") is None or _is_number(content["seed"], int))
        and isinstance(overrides, list)
        and all(isinstance(override, str) for override in overrides)
        and isinstance(metrics, dict)
        and all(value is None or isinstance(value, list) or _is_number(value) for value in metrics.values())
    )


def _is_number(value: object, kind: type | UnionType = int | float) -> bool:
    """Whether it is a number that can be shown and drawn."""
    return isinstance(value, kind) and isinstance(value, int | float) and abs(value) <= LARGEST


def withdraw(folder: Path) -> None:
    """Takes away what tells how a run ended: it goes on."""
    for name in (FILE, PAGE, FILM):
        (folder / name).unlink(missing_ok=True)
