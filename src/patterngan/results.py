"""result.json: what became of a run."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from patterngan.checkpoints import write_atomically
from patterngan.evaluation import Metrics

FILE = "result.json"

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
