"""Which run a user may mean by a folder that holds many. Imports nothing heavy."""

from pathlib import Path

from patterngan.reporting.commands import display_path
from patterngan.reporting.sweep import CSV, ranked, rows
from patterngan.storage.checkpoints import FOLDER, LAST
from patterngan.validation import UsageError

DEEPEST = 4
"""How far below a folder runs are looked for: outputs/ has those of a sweep in multirun/DAY/TIME/NUMBER."""


def run_in(folder: Path) -> str | None:
    """A phrase that names the best run of a sweep's folder, or the newest run below another; None if there is none."""
    if (folder / CSV).exists() and (best := best_run(folder)):
        return f"the best run of this sweep is {display_path(best)}"
    places = [f"{'*/' * depth}{FOLDER}/{LAST}" for depth in range(1, DEEPEST + 1)]
    found = [file for place in places for file in folder.glob(place) if file.is_file()]
    newest = max(found, key=lambda file: file.stat().st_mtime, default=None)
    return f"the newest run in it is {display_path(newest.parent.parent)}" if newest else None


def best_run(sweep: Path) -> Path | None:
    """The folder of the best run that has a checkpoint."""
    try:
        folders = [sweep / row.name for row in ranked(rows(sweep))]
    except UsageError:  # damaged, or a stranger's
        return None
    return next((folder for folder in folders if (folder / FOLDER / LAST).is_file()), None)
