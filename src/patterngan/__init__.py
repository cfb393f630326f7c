"""Small GANs on integers that obey a pattern, measured exactly.

    import patterngan as pg

    run = pg.train("encoding=onehot", "pattern.k=5")
    run.metrics, run.generate(10)

See `patterngan.api`, which is imported when it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from patterngan.api import Run, Sweep, load, sweep, train

__all__ = ["Run", "Sweep", "load", "sweep", "train"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from patterngan import api

    return getattr(api, name)
