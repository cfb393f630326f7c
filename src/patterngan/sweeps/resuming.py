"""What an earlier start of a sweep left in a job's folder, and what that means for it now."""

from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from patterngan.runs.configs import settings
from patterngan.runs.run import objective, train
from patterngan.storage import foreign, results
from patterngan.storage.checkpoints import FOLDER, LAST, MOST_SETTINGS, read
from patterngan.storage.results import withdraw
from patterngan.training.module import DivergedError
from patterngan.validation import UsageError

ENDED = ("completed", "diverged")
"""The ends that training again would reach again."""


class Standing(NamedTuple):
    """Where a job stands."""

    result: dict[str, Any] | None
    """Its result.json, if it has ended."""
    checkpoint: Path | None
    """What it goes on from, if it was stopped."""


def standing(folder: Path, wanted: dict[str, Any]) -> Standing:
    """Where the job with these settings stands in its folder.

    Raises:
        UsageError: if the folder holds a run with other settings, or one that cannot be told.
    """
    last = folder / FOLDER / LAST
    result = _result(folder)
    if result is None and not last.exists():
        return Standing(None, None)
    found = read(last).settings if last.exists() else _settings(folder)
    if found != wanted:
        key = next((key for key in wanted if found is None or found.get(key, ...) != wanted[key]), "key")
        raise UsageError(
            f"{folder}: holds a run of another configuration ({key} differs); choose another hydra.sweep.dir"
        )
    if result is not None and result["status"] in ENDED:
        return Standing(result, None)
    return Standing(None, last if last.exists() else None)


def _result(folder: Path) -> dict[str, Any] | None:
    try:
        return results.read(folder)
    except FileNotFoundError:
        return None


def _settings(folder: Path) -> dict[str, Any] | None:
    """The settings of a run that left no checkpoint."""
    try:
        content = foreign.read_yaml(folder / ".hydra" / "config.yaml")
        return settings(DictConfig(content)) if isinstance(content, dict) and not calls(content) else None
    except (OSError, ValueError, OmegaConfBaseException):
        return None


def calls(content: dict[Any, Any]) -> bool:
    """Whether an interpolation in a config calls a function, as `${oc.env:HOME}` does, and is not just `${lr}`."""
    words = foreign.flat(content, MOST_SETTINGS)
    return any(isinstance(word, str) and "${" in word and ":" in word for word in words)


def outcome_of(result: dict[str, Any], metric: str) -> float | None:
    """What a run that has ended returned.

    Raises:
        DivergedError: as it did then.
    """
    if result["status"] == "diverged":
        raise DivergedError(int(result["steps"]))
    return objective(result["metrics"], metric)


def train_job(config: DictConfig, folder: Path, overrides: list[str]) -> float | None:
    """`training.train` for a job of a sweep: one that has ended is not run again, one that was stopped goes on.

    Raises:
        UsageError: as training does, and if the folder is of another configuration.
    """
    stands = standing(folder, settings(config))
    if stands.result is not None:
        return outcome_of(stands.result, config.optimized_metric)
    withdraw(folder)  # it failed, and is tried again
    if stands.checkpoint is not None:
        config.ckpt_path = str(stands.checkpoint)
    return train(config, folder, overrides, in_sweep=True)
