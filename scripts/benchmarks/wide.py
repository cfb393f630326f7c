"""Memory and disk of many members with many evaluations: `python scripts/benchmarks/wide.py`."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from scripts.benchmarks.harness import Bar, Watched, judge


def wide(members: int, evaluations: int) -> None:
    """Trains one fused sweep, prints its time and disk, and judges its memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = ["experiment=multiples_of_five", f"steps={50 * evaluations}", "evaluate_every=50"]
        watched = Watched(folder, "-m", *recipe, f"seed=range(0,{members})", "hydra.sweep.dir=sweep")
        disk = sum(file.stat().st_blocks * 512 for file in folder.rglob("*"))
    print(f"{members} members, {evaluations} evaluations each, {watched.seconds:.0f} s, {disk / 2**20:.0f} MiB of disk")
    judge([Bar("peak memory of all processes", watched.peak / 2**30, 4, "GiB")])


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--members", type=positive, default=1000, help="runs of the sweep (1000)")
    parser.add_argument("--evaluations", type=positive, default=50, help="of each (50)")
    arguments = parser.parse_args()
    wide(arguments.members, arguments.evaluations)


if __name__ == "__main__":
    script(main)
