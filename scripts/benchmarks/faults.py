"""Runs and sweeps killed at random moments, against undisturbed twins: `python scripts/benchmarks/faults.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive, seed
from patterngan.cli import script
from patterngan.reporting.console import LISTED
from patterngan.validation import UsageError
from tests.support.kills import CASES, kill_and_compare


def faults(kills: int, seed: int) -> None:
    """Prints for each victim its kills and differences, then a table of the cases.

    Raises:
        UsageError: if anything differs.
    """
    victims = []
    for name, count, differences in kill_and_compare(kills, seed):
        print(f"{name}: killed {count} times, {'; '.join(differences[:LISTED]) or 'no difference'}", flush=True)
        victims.append((name, count, differences))
    print("case     victims  kills  different")
    for name in CASES:
        mine = [(count, differences) for case, count, differences in victims if case == name]
        different = sum(bool(differences) for _, differences in mine)
        print(f"{name:<9}{len(mine):>7}{sum(count for count, _ in mine):>7}{different:>11}")
    if lines := [line for _, _, differences in victims for line in differences]:
        raise UsageError(f"{len(lines)} differences: {'; '.join(lines[:LISTED])}")


def main() -> None:
    """Parses the command line, then kills."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--kills", type=positive, default=200, help="in all (200)")
    parser.add_argument("--seed", type=seed, default=0, help="of the moments (0)")
    arguments = parser.parse_args()
    faults(arguments.kills, arguments.seed)


if __name__ == "__main__":
    script(main)
