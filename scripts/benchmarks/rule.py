"""What `experiment=rule` reaches on integers that it was never shown, over seeds: `python scripts/benchmarks/rule.py`.

Fidelity, unseen_coverage and forward_kl are exact at the training length; codes of 40 bits are 10 000 samples.
"""

import csv
import operator
import statistics
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.cli import script
from patterngan.validation import UsageError
from scripts.benchmarks.quality import Cell, CellResult, median_and_worst, table_arguments, train_cell

FIGURES = ("fidelity", "unseen_coverage", "forward_kl", "validity_40", "validity_64")
"""Metrics of the table; of forward_kl less is better, of the others more."""


@dataclass(frozen=True)
class Bar:
    """What the median seed of a cell, or its worst, must reach in a metric."""

    name: str
    of: str
    limit: float

    def is_reached(self, values: Sequence[float]) -> bool:
        """Whether the values of all seeds, best first, reach it."""
        value = statistics.median(values) if self.of == "median" else values[-1]
        compare = operator.le if self.name == "forward_kl" else operator.ge
        return bool(compare(value, self.limit))

    def __str__(self) -> str:
        return f"{self.of} {self.name} {'≤' if self.name == 'forward_kl' else '≥'} {self.limit}"


HALF = (
    Bar("fidelity", "median", 0.995),
    Bar("unseen_coverage", "median", 0.995),
    Bar("forward_kl", "median", 0.01),
    Bar("validity_40", "median", 0.995),
    Bar("fidelity", "worst", 0.98),
    Bar("validity_40", "worst", 0.95),
)
FIFTH = (Bar("fidelity", "median", 0.99), Bar("forward_kl", "median", 0.05), Bar("validity_40", "median", 0.97))

LARGE = Bar("fidelity", "median", 0.98), Bar("validity_40", "median", 0.98)
LONG = (Bar("validity_64", "median", 0.98),)

RECIPE = "experiment=rule", "evaluation.lengths=[40,64]"


def multiples(k: int, shown: str, *overrides: str) -> Cell:
    """The recipe on multiples of k."""
    return Cell(f"{k}-{shown}", (*RECIPE, f"pattern.k={k}", *overrides))


CELLS = {
    **{f"{k}, half shown": (multiples(k, "half"), HALF + LONG) for k in (3, 5, 7)},
    **{f"{k}, fifth shown": (multiples(k, "fifth", "pattern.holdout=0.8"), FIFTH) for k in (3, 5, 7)},
    **{f"{k}, half shown": (multiples(k, "half"), LARGE) for k in (13, 17)},
    **{f"{k}, half shown": (multiples(k, "half"), LONG) for k in (6, 10)},
    "3, remainder 1": (multiples(3, "remainder-1", "pattern.residue=1"), LONG),
}
"""Each row of the table with its bars."""


def figures(result: CellResult, name: str) -> list[float]:
    """Returns a metric of every run, best first; where it is missing, as infinitely bad."""
    falling = name != "forward_kl"
    values = [run.metrics.get(name) for run in result.runs]
    return sorted((float("-inf" if falling else "inf") if one is None else one for one in values), reverse=falling)


def line(label: str, result: CellResult, bars: Sequence[Bar]) -> str:
    """Returns a row of the table: of each metric the median seed and, in brackets, the worst."""
    words = [label]
    for name in FIGURES:
        words.append(median_and_worst(figures(result, name)))
    misses = [str(bar) for bar in bars if not bar.is_reached(figures(result, bar.name))]
    judged = ", ".join(misses) or "reached"
    return "".join([*words, f"{result.seconds:6.0f}", f"  {judged}" if bars else ""])


def print_table(rows: Mapping[str, tuple[Cell, Sequence[Bar]]], arguments: Namespace, name: str) -> None:
    """Trains and prints a table, and writes every seed into the folder `arguments.output` as `name`.csv.

    Args:
        rows: the label of each row, what is trained and its bars.
        arguments: see `quality.table_arguments`.
        name: of the table.

    Raises:
        UsageError: for an unknown row, or a folder that holds one already.
    """
    if unknown := sorted(set(arguments.cells) - set(rows)):
        raise UsageError(f"--cells {unknown[0]}: must be of {'; '.join(rows)}")
    file, width = arguments.output / f"{name}.csv", max(map(len, rows)) + 2
    file.parent.mkdir(parents=True, exist_ok=True)
    print("median seed (worst seed)")
    judged = "  bars missed" if any(bars for _, bars in rows.values()) else ""
    print("".join(["multiples of".ljust(width), *(name.rjust(18) for name in FIGURES), "     s", judged]))
    with file.open("w", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["multiples of", "seed", "status", *FIGURES])
        for label in arguments.cells or rows:
            cell, bars = rows[label]
            result = train_cell(cell, arguments.seeds, arguments.overrides, file.parent / cell.name)
            for run in result.runs:
                writer.writerow([label, run.result.get("seed"), run.status, *map(run.metrics.get, FIGURES)])
            table.flush()
            print(line(label.ljust(width), result, bars), flush=True)
    print(f"every seed in {file}")


def main() -> None:
    """Parses the command line, then trains."""
    print_table(
        CELLS, table_arguments(__doc__, Path("outputs/rule"), "only these rows, such as '3, half shown'"), "rule"
    )


if __name__ == "__main__":
    script(main)
