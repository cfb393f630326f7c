"""Writes the page of a run or a sweep: `python scripts/report.py outputs/RUN`; `--animate` adds a film of a run.

Of two folders it writes the page that compares them: `python scripts/report.py outputs/A outputs/B`.
"""

from pathlib import Path

from rich.console import Console

from patterngan.arguments import OneLineParser
from patterngan.cli import script


def main() -> None:
    """Parses the command line, then writes the report."""
    parser = OneLineParser(description=__doc__)
    parser.add_run("folder of a run or a sweep")
    parser.add_argument("other", type=Path, nargs="?", help="another run or sweep, which is compared with the first")
    parser.add_argument(
        "--animate", action="store_true", help="for a run: also write training.gif, a film of what it generated"
    )
    parser.add_argument("--all", action="store_true", help="for a sweep: a page of every run, not only of the best")
    arguments = parser.parse_args()

    from patterngan.reporting.against import report_against
    from patterngan.reporting.commands import display_path
    from patterngan.reporting.console import show, table_console
    from patterngan.reporting.run import film, is_run, report_run
    from patterngan.reporting.sweep_page import report_sweep

    if arguments.other is not None:
        if arguments.all or arguments.animate or arguments.trust:
            parser.error("--all, --animate, --trust: are for the page of one folder")
        report_against(arguments.path, arguments.other, table_console())
    elif is_run(arguments.path):
        if arguments.all:
            parser.error(f"--all: is for a sweep; {arguments.path} is a run's folder")
        show(Console(), display_path(report_run(arguments.path, arguments.trust)))
        if arguments.animate:
            show(Console(), display_path(film(arguments.path)))
    elif arguments.animate:
        parser.error(f"--animate: is for a run; {arguments.path} is no run's folder")
    else:
        report_sweep(arguments.path, table_console(), arguments.all, arguments.trust)


if __name__ == "__main__":
    script(main)
