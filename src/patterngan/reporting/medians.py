"""Medians over the seeds of a sweep, a run of TensorBoard's for each setting, with curves and a line in HPARAMS."""

from collections.abc import Mapping, Sequence
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
from patterngan.reporting.history import Points
from patterngan.reporting.sweep import Row, points
from patterngan.reporting.sweep_figures import apart, band
from patterngan.storage.files import read_yaml
from patterngan.storage.settings import settings

FOLDER = "medians"
"""The folder of these runs, in the sweep's."""


def write_medians(sweep: Path, runs: Sequence[Row], curves: Mapping[str, Points[float]]) -> Path | None:
    """Writes the medians over the runs that completed in place of earlier ones.

    Args:
        sweep: its folder.
        runs: all of them.
        curves: run → its curves, see `history.sweep_curves`.

    Returns:
        The folder of the medians; None where no setting has two runs, or no run has curves.
    """
    _remove(sweep / FOLDER)
    keys, lines = points([row for row in runs if row.metrics])
    if not any(len(point.runs) > 1 for point in lines):
        return None
    typed_of = [dict(zip(keys, point.values, strict=True)) for point in lines]
    labels = [label(f"{key}={value}" for key, value in typed.items()) for typed in typed_of]
    names = apart(text or f"{len(point.runs)} seeds" for text, point in zip(labels, lines, strict=True))
    for name, typed, point in zip(names, typed_of, lines, strict=True):
        if found := medians([curves[row.name] for row in point.runs]):
            _write(sweep / FOLDER / name, _hyperparameters(sweep, point.runs[0]) or typed, keys, found)
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


def _write(folder: Path, values: Mapping[str, Any], keys: Sequence[str], curves: Points[float]) -> None:
    file = EventFile(folder, purge_step=None)
    metrics = {tag.partition("/")[2] for tag in curves}
    compared = [key for key in compared_keys([], keys) if key != "seed"]
    for summary in hyperparameter_summaries(values, tabled(metrics), compared, without=("seed",)):
        file.add(summary)
    file.add(custom_scalars(LAYOUT))
    for step in sorted({step for values in curves.values() for step in values}):
        file.scalars({tag: values[step] for tag, values in curves.items() if step in values}, step)
    file.flush()


def medians(runs: Sequence[Points[float]]) -> Points[float]:
    """Tag → step → the median over the runs that have this curve, as the sweep's page draws it."""
    tags = dict.fromkeys(tag for curves in runs for tag in curves)
    bands = {tag: band([curves[tag] for curves in runs if tag in curves], half=False) for tag in tags}
    return {tag: dict(zip(drawn.steps, drawn.median, strict=True)) for tag, drawn in bands.items()}
