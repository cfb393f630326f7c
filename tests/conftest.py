"""What tests share: configs composed from the real conf/, runs in this process, and real command lines."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from processes import Script

from patterngan import CONF

ROOT = CONF.parent

# A busy machine may pause in any example: what is tested is what comes out, not when.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

LONG = ("test_20_kills", "test_ray_trains")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process waits for another at the end."""
    items.sort(key=lambda item: not item.name.startswith(LONG))


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def config() -> Callable[..., DictConfig]:
    """Composes conf/ with overrides."""

    def composed(*overrides: str) -> DictConfig:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("config", list(overrides))

    return composed


@pytest.fixture
def run(config: Callable[..., DictConfig], tmp_path: Path) -> Callable[..., float | None]:
    """Trains in this process, into a folder of its own."""
    from patterngan.training import train

    def train_here(*overrides: str, folder: Path = tmp_path) -> float | None:
        return train(config(*overrides), folder, list(overrides))

    return train_here


def environment() -> dict[str, str]:
    """Of a command line: warnings are shown, and no setting of the caller's terminal leaks in."""
    kept = {key: value for key, value in os.environ.items() if key not in ("HYDRA_FULL_ERROR", "FORCE_COLOR")}
    return kept | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"}


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs `python SCRIPT ARGUMENTS` as a user would, in an empty folder."""

    def call(script: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = Script(script, list(arguments), tmp_path, environment()).ended()
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return call
