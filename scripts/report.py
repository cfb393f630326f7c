"""Shows what a sweep found, and writes its sweep.csv: `python scripts/report.py outputs/multirun/…`."""

from pathlib import Path

from patterngan.arguments import OneLineParser
from patterngan.cli import script
from patterngan.sweeps.report import report
from patterngan.terminal import table_console


def main() -> None:
    """Parses the command line."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("sweep", type=Path, help="a sweep's folder, of any launcher")
    report(parser.parse_args().sweep, table_console())


if __name__ == "__main__":
    script(main)
