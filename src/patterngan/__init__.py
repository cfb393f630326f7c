"""Small GANs on integers that obey a pattern, measured exactly."""

from pathlib import Path

_WHEEL = Path(__file__).parent / "project"

PROJECT = _WHEEL if _WHEEL.is_dir() else Path(__file__).parents[2]
"""The folder with conf/, train.py and scripts/: the checkout, or in an installed wheel a folder of the package."""

CONF = PROJECT / "conf"
"""patterngan's own config groups; `packages.conf_folders` has those of other packages too."""

__version__ = "0.1.0"
