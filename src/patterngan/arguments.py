"""The command lines of the scripts. Imports nothing heavy."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from typing_extensions import override

from patterngan.validation import readable


class OneLineParser(argparse.ArgumentParser):
    """argparse for the scripts, with errors in one line."""

    def add_run(self, what: str = "a run folder, or a checkpoint file") -> None:
        """Adds the argument that names a run, and the option that trusts code which it names."""
        self.add_argument("path", type=Path, help=what)
        self.add_argument(
            "--trust",
            action=Trust,
            default=[],
            metavar="PACKAGE",
            help="let the run name code of this package, which is not installed as a package of patterngan",
        )

    def error(self, message: str) -> NoReturn:
        """Exits with 2."""
        self.exit(2, f"error: {readable(message)}\n")


class Trust(argparse.Action):
    """Collects the names of trusted packages, which may lie in the working directory."""

    @override
    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None
    ) -> None:
        if (here := str(Path.cwd())) not in sys.path:
            sys.path.append(here)
        namespace.trust = [*namespace.trust, values]


def integer_from(low: int, high: int, shown: str) -> Callable[[str], int]:
    """The type of an argument that is an integer from `low` to `high`, which an error shows as `shown`."""

    def parse(text: str) -> int:
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} must be an integer from {low} to {shown}")

    return parse


positive = integer_from(1, 10_000_000, "10000000")
"""The type of an argument that counts something: more integers do not fit in memory as Python numbers."""

seed = integer_from(0, 2**63 - 1, "2^63 − 1")
"""The type of an argument that seeds random numbers."""
