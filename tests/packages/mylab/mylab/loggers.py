"""Loggers."""

import json
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger


class JsonLines(Logger):
    """Writes each point of the curves as a line of `curves.jsonl` in the run's folder."""

    name = version = None

    def __init__(self, save_dir: Path) -> None:
        super().__init__()
        self.file = save_dir / "curves.jsonl"

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Writes a line: the step, and the metrics."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write(json.dumps({"step": step, **metrics}) + "\n")

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run's folder has its config."""
