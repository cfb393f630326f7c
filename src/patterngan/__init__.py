"""Small GANs on integers that obey a pattern, measured exactly.

    import patterngan as pg

    run = pg.train("encoding=onehot", "pattern.k=5")
    run.metrics, run.generate(10)

See `patterngan.api`, which is imported when it is used.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from patterngan.api import Run, Sweep, load, sweep, train

__all__ = ["Run", "Sweep", "load", "sweep", "train"]

__version__ = "0.1.0"

_WHEEL = Path(__file__).parent / "project"

PROJECT = _WHEEL if _WHEEL.is_dir() else Path(__file__).parents[2]
"""The folder with conf/, train.py and scripts/: the checkout, or in an installed wheel a folder of the package."""

CONF = PROJECT / "conf"
"""patterngan's own config groups; `packages.conf_folders` has those of other packages too."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from patterngan import api

    return getattr(api, name)
