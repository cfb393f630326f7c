"""Draws runs and sweeps: `figures.py distribution RUN RUN`, `verdicts RUN RUN`, `heatmap SWEEP` or `dirac SWEEP`."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.validation import UsageError

if TYPE_CHECKING:
    from patterngan.evaluation.portraits import Portrait


def portraits(runs: Sequence[Path], samples: int) -> "list[tuple[Portrait, str]]":
    """What each run looks like, with a title."""
    from patterngan.evaluation.portraits import MOST_INTEGERS
    from patterngan.reporting.console import verdict
    from patterngan.runs.assembly import load_gan

    drawn = []
    for path in runs:
        gan, step = load_gan(path, samples)
        found = gan.evaluate()
        if found.portrait is None:
            raise UsageError(f"{path}: has {gan.evaluator.encoding.capacity} integers; {MOST_INTEGERS} can be drawn")
        drawn.append((found.portrait, f"{path.name}, step {step}\n{verdict(found.metrics)}"))
    return drawn


def distribution(runs: Sequence[Path], samples: int, output: Path) -> None:
    """What each run generates against its target, side by side."""
    from patterngan.reporting.figures import distributions

    distributions(portraits(runs, samples)).savefig(output, dpi=150)


def verdicts(runs: Sequence[Path], samples: int, output: Path) -> None:
    """What each run's discriminator takes for real, side by side."""
    from patterngan.reporting.figures import judgements

    judgements(portraits(runs, samples)).savefig(output, dpi=150)


def heatmap(sweep: Path, rows: Sequence[str], columns: Sequence[str], metrics: Sequence[str], output: Path) -> None:
    """The median over the seeds of each metric, for each combination of what was typed for `rows` and `columns`."""
    from patterngan.reporting import sweep as report
    from patterngan.reporting.figures import heat_maps

    keys, points = report.points(report.rows(sweep))
    for key in (*rows, *columns):
        if key not in keys:
            raise UsageError(f"{sweep}: {key} was not swept; swept were {', '.join(keys)}")
    panels: dict[str, dict[tuple[str, str], float]] = {}
    for point in points:
        typed = dict(zip(keys, point.values, strict=True))
        place = " ".join(typed[key] for key in rows), " ".join(typed[key] for key in columns)
        rest = " ".join(value for key, value in typed.items() if key not in (*rows, *columns))
        for metric in metrics:
            if figures := point.figures(metric):
                panels.setdefault(f"median {metric} {rest}".strip(), {})[place] = statistics.median(figures)
    if not panels:
        raise UsageError(f"{sweep}: no run has the metrics {', '.join(metrics)}")
    places = [place for panel in panels.values() for place in panel]
    row_names, column_names = (sorted({place[axis] for place in places}) for axis in (0, 1))
    heat_maps(row_names, column_names, dict(sorted(panels.items()))).savefig(output, dpi=150)


def dirac(sweep: Path, output: Path) -> None:
    """The paths of a sweep of experiment=dirac."""
    from patterngan.reporting import sweep as report
    from patterngan.reporting.figures import trajectories
    from patterngan.reporting.history import history

    found = report.rows(sweep)
    swept = report.swept(found)
    drawn = {}
    for row in found:
        curves = history(sweep / row.name).curves
        if not curves.keys() >= {THETA, PSI}:
            raise UsageError(f"{sweep / row.name}: has no curves of θ and ψ; experiment=dirac writes them")
        title = "\n".join(f"{key}={row.overrides.get(key, '')}" for key in swept)
        drawn[title] = list(zip(curves[THETA].values(), curves[PSI].values(), strict=True))
    trajectories(drawn).savefig(output, dpi=150)


THETA, PSI = "weights/generator.0.theta", "weights/discriminator.psi"
"""The curves of the Dirac-GAN's two weights."""


def main() -> None:
    """Parses the command line."""
    parser = OneLineParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("distribution", "generated integers against the target"),
        ("verdicts", "D's probability that an integer is real, for each of them"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("runs", nargs="+", type=Path, help="run folders or checkpoints")
        command.add_argument("--samples", type=positive, default=100_000, help="integers drawn of each (100000)")
        command.add_argument("-o", "--output", type=Path, default=Path(f"{name}.png"))
    command = commands.add_parser("heatmap", help="medians over the seeds, by what was swept")
    command.add_argument("sweep", type=Path)
    command.add_argument("--rows", nargs="+", required=True, help="swept keys")
    command.add_argument("--columns", nargs="+", required=True, help="swept keys")
    command.add_argument("--metrics", nargs="+", default=["modes", "tv"])
    command.add_argument("-o", "--output", type=Path, default=Path("heatmap.png"))
    command = commands.add_parser("dirac", help="the paths of a sweep of experiment=dirac")
    command.add_argument("sweep", type=Path)
    command.add_argument("-o", "--output", type=Path, default=Path("dirac.png"))
    arguments = parser.parse_args()
    if arguments.command == "distribution":
        distribution(arguments.runs, arguments.samples, arguments.output)
    elif arguments.command == "verdicts":
        verdicts(arguments.runs, arguments.samples, arguments.output)
    elif arguments.command == "heatmap":
        heatmap(arguments.sweep, arguments.rows, arguments.columns, arguments.metrics, arguments.output)
    else:
        dirac(arguments.sweep, arguments.output)
    print(arguments.output)


if __name__ == "__main__":
    script(main)
