"""The command lines of scripts/: mistakes in one line."""

import argparse
from typing import NoReturn

from patterngan.mistakes import readable

MOST = 10_000_000
"""Integers that still fit in memory as Python numbers."""


class OneLineParser(argparse.ArgumentParser):
    """argparse, with errors in one line."""

    def error(self, message: str) -> NoReturn:
        """Exits with 2."""
        self.exit(2, f"error: {readable(message)}\n")


def positive(text: str) -> int:
    """An argument that counts something.

    Raises:
        ArgumentTypeError: unless it is an integer from 1 to `MOST`.
    """
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} must be an integer from 1 to {MOST}")


def seed(text: str) -> int:
    """An argument that seeds random numbers.

    Raises:
        ArgumentTypeError: unless it is an integer from 0 to 2^63 − 1.
    """
    if text.isascii() and text.isdigit() and int(text) < 2**63:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} must be an integer from 0 to 2^63 − 1")
