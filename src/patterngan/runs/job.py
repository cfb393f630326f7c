"""One run of a sweep as plain values, which can be sent to another machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig


@dataclass(frozen=True)
class Job:
    """One run of a sweep."""

    number: int
    folder: Path
    overrides: list[str]
    """What was typed for it."""
    settings: dict[str, Any]
    """See `storage.settings.SETTINGS`."""
    runtime: dict[str, Any]
    """See `storage.settings.RUNTIME_KEYS`."""

    @property
    def config(self) -> DictConfig:
        """Its config, with every interpolation resolved."""
        return DictConfig(self.settings | self.runtime)

    @property
    def record(self) -> dict[str, Any]:
        """What its checkpoints say of it; see `storage.checkpoints.KEY`."""
        return {"settings": self.settings, "overrides": self.overrides}
