"""Prints integers from a trained generator: `python scripts/generate.py outputs/RUN -n 10`."""

import json
from collections.abc import Callable
from pathlib import Path

from patterngan.arguments import OneLineParser, positive, seed
from patterngan.cli import script

FORMATS: dict[str, Callable[[list[int]], str]] = {
    "text": lambda integers: " ".join(map(str, integers)),
    "json": json.dumps,
    "csv": lambda integers: "\n".join(["integer", *map(str, integers)]),
}


def main() -> None:
    """Parses the command line, then samples."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("path", type=Path, help="a run folder, or a checkpoint file")
    parser.add_argument("-n", type=positive, default=10, help="how many integers (10)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="text, json or csv (text)")
    parser.add_argument("--seed", type=seed, help="makes the integers repeatable")
    arguments = parser.parse_args()

    from patterngan.runs.loading import load_sampler, random_source

    integers = load_sampler(arguments.path).sample(arguments.n, random_source(arguments.seed))
    print(FORMATS[arguments.format](integers.tolist()))


if __name__ == "__main__":
    script(main)
