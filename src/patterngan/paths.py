"""Where conf/, train.py and scripts/ are: in the checkout, or in the wheel that was installed."""

from pathlib import Path

_WHEEL = Path(__file__).parent / "project"

IS_WHEEL = _WHEEL.is_dir()
"""Whether this is an installed wheel, which holds them in a folder of the package."""

PROJECT = _WHEEL if IS_WHEEL else Path(__file__).parents[2]
"""The folder that they are in."""

CONF = PROJECT / "conf"
"""patterngan's own config groups; `packages.conf_folders` has those of other packages too."""


def program(name: str) -> Path:
    """The file behind a command: train.py, or a script of scripts/."""
    return PROJECT / "train.py" if name == "train" else PROJECT / "scripts" / f"{name}.py"
