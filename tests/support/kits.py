"""The parts that a run is made of: patterngan's own, or those of tests/packages/mylab, installed for a test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from patterngan.packages import packages
from patterngan.paths import PROJECT
from tests.support.shared import Shared

MYLAB = PROJECT / "tests" / "packages" / "mylab"


@dataclass(frozen=True)
class Kit:
    """Overrides that choose parts, all of which a population can have."""

    name: str
    parts: tuple[str, ...]
    optimizer: str
    logger: str


KITS = {
    "built-in": Kit("built-in", ("experiment=plain",), "adam", "tensorboard"),
    "mylab": Kit(
        "mylab",
        (
            "experiment=plain",
            "pattern=triangular",
            "encoding=gray",
            "architecture=skip",
            "objective=pearson",
            "penalty=drift",
            "update=discriminator_first",
        ),
        "signum",
        "jsonlines",
    ),
}


@pytest.fixture(scope="session")
def mylab_site(shared: Shared) -> Path:
    """The folder into which mylab is installed."""
    return shared("site-packages", install)


def install(folder: Path) -> None:
    """Installs mylab into a folder, as pip does for a user."""
    line = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "--no-index"]
    line += ["--no-build-isolation", "--target", str(folder), str(MYLAB)]
    subprocess.run(line, check=True, capture_output=True)


@contextmanager
def installed(request: pytest.FixtureRequest, kit: Kit) -> Iterator[None]:
    """Lets this process, and those that it starts, import the package of a kit."""
    with pytest.MonkeyPatch.context() as patch:
        if kit.name == "mylab":
            site = str(request.getfixturevalue("mylab_site"))
            patch.syspath_prepend(site)
            patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [site, os.environ.get("PYTHONPATH")])))
        packages.cache_clear()
        yield
    packages.cache_clear()


@pytest.fixture(params=KITS)
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """Each kit in turn."""
    with installed(request, KITS[request.param]):
        yield KITS[request.param]


@pytest.fixture
def mylab(request: pytest.FixtureRequest, mylab_site: Path) -> Iterator[Path]:
    """The folder in which mylab is installed."""
    with installed(request, KITS["mylab"]):
        yield mylab_site
