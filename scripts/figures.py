"""Draws runs and sweeps: `figures.py distribution RUN RUN`, `d_scores RUN RUN`, `heatmap SWEEP` or `dirac SWEEP`."""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from patterngan.validation import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from patterngan.evaluation.portraits import Portrait
    from patterngan.reporting.charts import HeatMap

THETA, PSI = "weights/generator.0.theta", "weights/discriminator.psi"
"""Tags of the curves of the Dirac-GAN's two weights."""


def portraits(runs: Sequence[Path], samples: int | None) -> "list[tuple[Portrait, str]]":
    """The portrait and title of each run."""
    from patterngan.evaluation.portraits import MOST_INTEGERS
    from patterngan.reporting.console import metrics_line
    from patterngan.runs.loading import load_gan

    titled = []
    for path in runs:
        gan, step = load_gan(path, samples)
        evaluation = gan.evaluate()
        if evaluation.portrait is None:
            raise UsageError(f"{path}: has {gan.evaluator.encoding.capacity} integers; {MOST_INTEGERS} can be drawn")
        titled.append((evaluation.portrait, f"{path.name}, step {step}\n{metrics_line(evaluation.metrics)}"))
    return titled


def distribution(arguments: argparse.Namespace) -> "Figure":
    """The generated law of each run against its target, side by side."""
    from patterngan.reporting.figures import Bars, side_by_side

    return side_by_side(portraits(arguments.runs, arguments.samples), Bars)


def d_scores(arguments: argparse.Namespace) -> "Figure":
    """D(x) of each run for each integer, side by side."""
    from patterngan.reporting.figures import DScores, side_by_side

    return side_by_side(portraits(arguments.runs, arguments.samples), DScores)


def heatmap(arguments: argparse.Namespace) -> "Figure":
    """The median over seeds of each metric, by the values of the keys of rows and columns."""
    from patterngan.reporting.charts import heat_maps

    panels = medians(arguments.sweep, arguments.rows, arguments.columns, arguments.metrics)
    cells = [cell for panel in panels for cell in panel.cells]
    rows, columns = (sorted({cell[axis] for cell in cells}) for axis in (0, 1))
    return heat_maps(rows, columns, panels)


def medians(sweep: Path, rows: Sequence[str], columns: Sequence[str], metrics: Sequence[str]) -> "list[HeatMap]":
    """A panel for each metric, and for each combination of other swept keys, which its title names."""
    from patterngan.reporting import sweep as results
    from patterngan.reporting.charts import HeatMap

    keys, points = results.points(results.rows(sweep))
    for key in (*rows, *columns):
        if key not in keys:
            raise UsageError(f"{sweep}: {key} was not swept; swept were {', '.join(keys)}")
    panels: dict[tuple[str, str], dict[tuple[str, ...], float]] = {}
    for point in points:
        values = dict(zip(keys, point.values, strict=True))
        cell = " ".join(values[key] for key in rows), " ".join(values[key] for key in columns)
        rest = " ".join(value for key, value in values.items() if key not in (*rows, *columns))
        for metric in metrics:
            if figures := point.figures(metric):
                panels.setdefault((f"median {metric} {rest}".strip(), metric), {})[cell] = statistics.median(figures)
    if not panels:
        raise UsageError(f"{sweep}: no run has the metrics {', '.join(metrics)}")
    return [HeatMap(*named, cells) for named, cells in sorted(panels.items())]


def dirac(arguments: argparse.Namespace) -> "Figure":
    """The path of (θ, ψ) of each run in a sweep of experiment=dirac."""
    from patterngan.reporting import sweep as results
    from patterngan.reporting.charts import trajectories
    from patterngan.reporting.history import read_curves

    runs = results.rows(arguments.sweep)
    swept = results.swept(runs)
    paths = {}
    for row in runs:
        folder = arguments.sweep / row.name
        curves = read_curves(folder)
        if not curves.keys() >= {THETA, PSI}:
            raise UsageError(f"{folder}: has no curves of θ and ψ; experiment=dirac writes them")
        title = "\n".join(f"{key}={row.overrides.get(key, '')}" for key in swept)
        paths[title] = list(zip(curves[THETA].values(), curves[PSI].values(), strict=True))
    return trajectories(paths)


def parser() -> OneLineParser:
    """The command line: a subcommand for each figure."""
    whole = OneLineParser(description=__doc__)
    commands = whole.add_subparsers(dest="command", required=True)
    for draw, text in (
        (distribution, "generated integers against the target"),
        (d_scores, "D's probability that an integer is real, for each of them"),
        (heatmap, "medians over the seeds, by swept keys"),
        (dirac, "paths of a sweep of experiment=dirac"),
    ):
        command = commands.add_parser(draw.__name__, help=text)
        if draw in (distribution, d_scores):
            command.add_argument("runs", nargs="+", type=Path, help="run folders or checkpoints")
            command.add_argument("--samples", type=positive, help="integers of each run (as in training)")
        else:
            command.add_argument("sweep", type=Path)
        if draw is heatmap:
            command.add_argument("--rows", nargs="+", required=True, help="swept keys")
            command.add_argument("--columns", nargs="+", required=True, help="swept keys")
            command.add_argument("--metrics", nargs="+", default=["coverage", "tv"])
        command.add_argument("-o", "--output", type=Path, default=Path(f"{draw.__name__}.png"))
        command.set_defaults(draw=draw)
    return whole


def main() -> None:
    """Parses the command line, then draws."""
    arguments = parser().parse_args()
    arguments.draw(arguments).savefig(arguments.output, dpi=150)
    print(arguments.output)


if __name__ == "__main__":
    script(main)
