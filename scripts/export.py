"""Writes a trained generator as one file that needs no patterngan: `python scripts/export.py outputs/RUN`."""

from pathlib import Path

from rich.console import Console

from patterngan.arguments import OneLineParser
from patterngan.cli import script

FORMATS = ("torchscript", "torch_export", "onnx")


def main() -> None:
    """Parses the command line, then exports."""
    parser = OneLineParser(description=__doc__)
    parser.add_run()
    parser.add_argument("--format", choices=FORMATS, default="torch_export", help="file format (torch_export)")
    parser.add_argument("-o", "--output", type=Path, help="file or folder to write to (the run's folder)")
    arguments = parser.parse_args()

    from patterngan.reporting.commands import display_path
    from patterngan.reporting.console import show
    from patterngan.runs import export
    from patterngan.runs.loading import load_sampler
    from patterngan.storage import checkpoints

    sampler = load_sampler(arguments.path, arguments.trust)
    run = checkpoints.run_folder(checkpoints.locate(arguments.path)) or Path()
    output = arguments.output or run
    if output.is_dir():
        output /= export.FORMATS[arguments.format][0]
    export.export(sampler, arguments.format, output)
    show(Console(), display_path(output))


if __name__ == "__main__":
    script(main)
