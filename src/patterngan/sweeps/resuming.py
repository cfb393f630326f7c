"""Going on with a sweep: the results of its jobs, and the manifests of its populations.

A manifest lists the jobs that train together, beside their snapshots. A sweep that is started again puts its
populations together as they were, also where some members have ended: which kernels compute a member, and with that
its last bit, depends on the place of its weights in memory.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from patterngan.runs.job import Job
from patterngan.runs.outcome import metric_value
from patterngan.runs.run import train
from patterngan.storage import results
from patterngan.storage.checkpoints import FOLDER, LAST, read
from patterngan.storage.files import read_yaml, write_atomically
from patterngan.storage.results import remove_result
from patterngan.storage.settings import settings
from patterngan.sweeps.jobs import grouped
from patterngan.training.module import DivergedError
from patterngan.validation import UsageError

TERMINAL = ("completed", "diverged")
"""Terminal statuses; such jobs are not rerun."""


def earlier_result(folder: Path, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """The result of the job with these settings, if it has ended in its folder; None if it is to be trained.

    Raises:
        UsageError: if the folder holds a run with other settings, or one whose settings are unknown.
    """
    last = folder / FOLDER / LAST
    try:
        result = results.read(folder)
    except FileNotFoundError:
        result = None
    if result is None and not last.exists():
        return None
    saved = read(last).settings if last.exists() else _settings(folder)
    if saved != wanted:
        key = next((key for key in wanted if saved is None or saved.get(key, ...) != wanted[key]), "key")
        raise UsageError(
            f"{folder}: holds a run of another configuration ({key} differs); choose another hydra.sweep.dir"
        )
    return result if result is not None and result["status"] in TERMINAL else None


def _settings(folder: Path) -> dict[str, Any] | None:
    """The settings of a run that left no checkpoint."""
    try:
        content = read_yaml(folder / ".hydra" / "config.yaml")
        return settings(DictConfig(content)) if isinstance(content, dict) else None
    except (OSError, ValueError, OmegaConfBaseException):
        return None


def earlier_value(result: dict[str, Any], metric: str) -> float | None:
    """The metric that a run returned when it ended; raises `DivergedError` if it diverged."""
    if result["status"] == "diverged":
        raise DivergedError(int(result["steps"]))
    return metric_value(result["metrics"], metric)


def train_job(config: DictConfig, folder: Path, overrides: list[str]) -> float | None:
    """`runs.run.train` for a job of a sweep: one that has ended is not run again, one that was stopped goes on."""
    result = earlier_result(folder, settings(config))
    if result is not None:
        return earlier_value(result, config.optimized_metric)
    remove_result(folder)  # it failed, and is tried again
    if (folder / FOLDER / LAST).exists():
        config.ckpt_path = str(folder / FOLDER / LAST)
    return train(config, folder, overrides, in_sweep=True)


def write_manifest(snapshots: Path, members: Sequence[Job]) -> None:
    """Lists the members of the population with this snapshots file."""
    names = [os.path.relpath(job.folder, snapshots.parent) for job in members]
    write_atomically(snapshots.with_suffix(".json"), json.dumps(names).encode())


def earlier_populations(folder: Path, jobs: Sequence[Job], most: int | None = None) -> Iterator[list[Job]]:
    """The populations of an earlier start whose members are all among these jobs, and at most so many."""
    by_folder = {os.path.relpath(job.folder, folder): job for job in jobs}
    seen: set[int] = set()
    for names in _manifests(folder).values():
        members = [by_folder[name] for name in names if name in by_folder]
        numbers = {job.number for job in members}
        complete = len(numbers) == len(names) > 1 and len(names) <= (most or len(names))
        if complete and not numbers & seen and len(grouped(members)) == 1:
            seen |= numbers
            yield members


def remove_manifests(folder: Path, jobs: Sequence[Job], kept: Sequence[Path] = ()) -> None:
    """Deletes the manifests that list one of these jobs, but for those of the `kept` snapshots files."""
    folders = {os.path.relpath(job.folder, folder) for job in jobs}
    for file, names in _manifests(folder).items():
        if not folders.isdisjoint(names) and file.with_suffix(".ckpt") not in kept:
            file.unlink()


def _manifests(folder: Path) -> dict[Path, list[str]]:
    """The folders of the runs that each manifest lists, relative to `folder`."""
    return {file: json.loads(file.read_bytes()) for file in sorted(folder.glob("*.json"))}
