"""Medians over the seeds of a sweep, a run of TensorBoard's for each setting, with curves and a line in HPARAMS."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from torch.utils.tensorboard.summary import custom_scalars

from patterngan.reporting.events import (
    EVENTS,
    LAYOUT,
    EventFile,
    compared_keys,
    hyperparameter_summaries,
    hyperparameters,
    label,
    tabled,
)
from patterngan.reporting.history import history
from patterngan.reporting.sweep import Row, points
from patterngan.storage.files import read_yaml
from patterngan.storage.settings import settings

FOLDER = "medians"
"""The folder of these runs, in the sweep's."""

Curves = Mapping[str, Mapping[int, float]]
"""Tag → step → value."""


def write_medians(sweep: Path, runs: Sequence[Row]) -> Path | None:
    """Writes the medians of a sweep in place of earlier ones; returns their folder, None where no setting has two runs.

    Raises:
        UsageError: if a run's event files are damaged.
    """
    _remove(sweep / FOLDER)
    keys, lines = points([row for row in runs if row.metrics])
    if not any(len(point.runs) > 1 for point in lines):
        return None
    for point in lines:
        if curves := medians(history(sweep / row.name).curves for row in point.runs):
            typed = dict(zip(keys, point.values, strict=True))
            name = label(f"{key}={value}" for key, value in typed.items()) or f"{len(point.runs)} seeds"
            _write(sweep / FOLDER / name, _hyperparameters(sweep, point.runs[0]) or typed, keys, curves)
    return sweep / FOLDER if (sweep / FOLDER).is_dir() else None


def _remove(folder: Path) -> None:
    """Deletes the medians that were written before."""
    for file in folder.glob(f"*/{EVENTS}"):
        file.unlink()
        with suppress(OSError):  # something else is in it
            file.parent.rmdir()
    with suppress(OSError):
        folder.rmdir()


def _hyperparameters(sweep: Path, row: Row) -> dict[str, Any]:
    """Those of a run, its seed last; empty where its config cannot be read.

    TensorBoard takes the columns of HPARAMS from any one run that it shows: all must have the same ones.
    """
    try:
        config = DictConfig(read_yaml(sweep / row.name / ".hydra" / "config.yaml"))
        values = hyperparameters(settings(config), row.typed)
    except (OSError, ValueError, TypeError, OmegaConfBaseException):
        return {}
    return dict(sorted(values.items(), key=lambda item: item[0] == "seed"))


def _write(folder: Path, values: Mapping[str, Any], keys: Sequence[str], curves: Curves) -> None:
    file = EventFile(folder, purge_step=None)
    metrics = {tag.partition("/")[2] for tag in curves}
    compared = [key for key in compared_keys([], keys) if key != "seed"]
    for summary in hyperparameter_summaries(values, tabled(metrics), compared, without=("seed",)):
        file.add(summary)
    file.add(custom_scalars(LAYOUT))
    for step in sorted({step for values in curves.values() for step in values}):
        file.scalars({tag: values[step] for tag, values in curves.items() if step in values}, step)
    file.flush()


def medians(runs: Iterable[Curves]) -> dict[str, dict[int, float]]:
    """Tag → step → the median over the runs that have this point."""
    gathered: dict[str, dict[int, list[float]]] = {}
    for curves in runs:
        for tag, values in curves.items():
            for step, value in values.items():
                gathered.setdefault(tag, {}).setdefault(step, []).append(value)
    return {tag: {step: statistics.median(some) for step, some in at_step.items()} for tag, at_step in gathered.items()}
