"""Installed packages that bring options: classes, and a conf/ that names them. Imports none of them.

Such a package declares an entry point in its pyproject.toml:

    [project.entry-points."patterngan.packages"]
    mylab = "mylab"
"""

import logging
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

from patterngan.paths import CONF

log = logging.getLogger(__name__)

GROUP = "patterngan.packages"
"""The group of the entry points. The value of one is the name of a package that Python can import."""


@cache
def packages() -> dict[str, Path | None]:
    """The names of the installed packages, each with its conf/; None where it has none.

    The working directory is not searched: it may be a stranger's folder, which must not make itself trusted. A package
    that cannot be found is named in the log, and left out.
    """
    searched = [folder for folder in sys.path if Path(folder).resolve() != Path.cwd()]
    points = [point for one in distributions(path=searched) for point in one.entry_points if point.group == GROUP]
    folders: dict[str, Path | None] = {}
    for name in sorted({point.value for point in points}):
        try:
            spec = find_spec(name)
        except ImportError:  # of a package that contains it
            spec = None
        if spec is None:
            log.warning("the package %s, an entry point of %s, cannot be found; it is left out", name, GROUP)
        else:
            conf = next((Path(one) / "conf" for one in spec.submodule_search_locations or ()), None)
            folders[name] = conf if conf is not None and conf.is_dir() else None
    return folders


def conf_folders() -> list[Path]:
    """The folders of config groups: patterngan's own, then those of the installed packages."""
    return [CONF, *filter(None, packages().values())]


def option_files(group: str) -> list[Path]:
    """The files of a group's options, those of the first folder first."""
    return [file for folder in conf_folders() for file in sorted((folder / group).glob("*.yaml"))]


def is_group(key: str) -> bool:
    """Whether a key that was typed is a config group."""
    return any((folder / key).is_dir() for folder in conf_folders())


def config_files() -> Iterator[tuple[str, Path]]:
    """Every config file with its group, in which folders are parted by dots."""
    for folder in conf_folders():
        for file in folder.rglob("*.yaml"):
            yield ".".join(file.relative_to(folder).parent.parts), file
