"""Makes the page of a run or a sweep: `python scripts/report.py outputs/RUN`, `--animate` for a film of a run."""

from pathlib import Path

from rich.console import Console

from patterngan.arguments import OneLineParser
from patterngan.cli import script


def main() -> None:
    """Parses the command line."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("path", type=Path, help="a run's folder, or a sweep's, of any launcher")
    parser.add_argument("--animate", action="store_true", help="of a run: also training.gif, what it generated")
    parser.add_argument("--all", action="store_true", help="of a sweep: a page for every run, not for the best alone")
    arguments = parser.parse_args()

    from patterngan.reporting.console import show, shown, table_console
    from patterngan.reporting.run import film, is_run, report_run
    from patterngan.reporting.sweep_page import report_sweep

    if is_run(arguments.path):
        if arguments.all:
            parser.error(f"--all: is for a sweep; {arguments.path} is a run's folder")
        show(Console(), shown(report_run(arguments.path)))
        if arguments.animate:
            show(Console(), shown(film(arguments.path)))
    elif arguments.animate:
        parser.error(f"--animate: is for a run; {arguments.path} is no run's folder")
    else:
        report_sweep(arguments.path, table_console(), arguments.all)


if __name__ == "__main__":
    script(main)
