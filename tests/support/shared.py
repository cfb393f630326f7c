"""Folders that are filled once for all processes of a test run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

Shared = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Returns the folder of a name, which the first process that asks fills, while others wait for it.

    If filling it fails, the next process that asks starts again. Tests only read such a folder; they write into copies.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    place.mkdir(exist_ok=True)

    def filled(name: str, fill: Callable[[Path], object]) -> Path:
        folder, is_filled = place / name, place / f"{name}.is_filled"
        with FileLock(place / f"{name}.lock"):
            if not is_filled.exists():
                shutil.rmtree(folder, ignore_errors=True)  # what a process left that failed
                folder.mkdir()
                fill(folder)
                is_filled.touch()
        return folder

    return filled
