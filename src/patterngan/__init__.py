"""Small GANs on integers that obey a pattern, measured exactly."""

__version__ = "0.1.0"
