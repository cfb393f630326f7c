"""What tests share: configs composed from the real conf/, runs in this process, and real command lines."""

import os
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from patterngan import cli
from patterngan.packages import conf_folders
from patterngan.paths import CONF
from tests.support.parsing import parse_once

PLUGINS = ("shared", "commands", "counting", "kits", "sweeps")  # the first one is imported by others
pytest_plugins = [f"tests.support.{name}" for name in PLUGINS]

cli.collect_rarely()  # as commands do: a sixth of the tests' time
parse_once()

# A busy machine may pause in any example: what is tested is what comes out, not when.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

LONG = ("test_kills_leave", "test_ray_trains")
MARKED_FOLDERS = ("end_to_end", "faults", "browser")


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Marks the tests of some folders, and sorts the longest first so that no process waits at the end."""
    for item in items:
        folder = item.path.relative_to(CONF.parent / "tests").parts[0]
        if folder in MARKED_FOLDERS:
            item.add_marker(folder)
        elif {"command", "typed", "run"} & set(item.fixturenames):  # a whole command, or a whole run in its folder
            item.add_marker("end_to_end")
    items.sort(key=lambda item: not item.name.startswith(LONG))
    items[:] = spread(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def spread(items: list[pytest.Function], processes: int) -> list[pytest.Function]:
    """Gives each process, which takes a part of the list, files of long tests first.

    A process that has nothing left takes the end of another's part: short tests, which need no shared folder.
    """
    files = {item.path for item in items if {mark.name for mark in item.iter_markers()} & set(MARKED_FOLDERS)}
    kinds = [[item for item in items if (item.path in files) is is_long] for is_long in (True, False)]
    shares = [[len(kind) * number // processes for number in range(processes + 1)] for kind in kinds]
    return [
        item
        for number in range(processes)
        for kind, share in zip(kinds, shares, strict=True)
        for item in kind[share[number] : share[number + 1]]
    ]


@pytest.fixture(scope="session")
def config() -> Callable[..., DictConfig]:
    """Composes conf/ with overrides."""

    def composed(*overrides: str) -> DictConfig:
        return pickle.loads(_composed(overrides, tuple(conf_folders())))

    return composed


@cache
def _composed(overrides: tuple[str, ...], folders: tuple[Path, ...]) -> bytes:
    """Composes once what many tests start from; the folders are those in which Hydra looks."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return pickle.dumps(compose("config", list(overrides)))


@pytest.fixture
def run(config: Callable[..., DictConfig], tmp_path: Path) -> Callable[..., float | None]:
    """Trains in this process, into a folder of its own."""
    from patterngan.runs.run import train

    def train_here(*overrides: str, folder: Path = tmp_path) -> float | None:
        return train(config(*overrides), folder, list(overrides))

    return train_here
