"""Small GANs on integers that obey a pattern, measured exactly."""

from pathlib import Path

CONF = Path(__file__).parents[2] / "conf"
"""The config groups of the checkout, in which the package is installed in place."""

__version__ = "0.1.0"
