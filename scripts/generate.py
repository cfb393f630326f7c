"""Prints integers from a trained generator: `python scripts/generate.py outputs/RUN -n 10`."""

import json
import secrets
from collections.abc import Callable

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
    parser.add_run()
    parser.add_argument("-n", type=positive, default=10, help="how many integers (10)")
    parser.add_argument(
        "--bits", "--digits", type=positive, dest="symbols", help="so many bits or digits (as many as in training)"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="text, json or csv (text)")
    parser.add_argument(
        "--seed", type=seed, default=secrets.randbits(63), help="seed of the noise (a new one each time)"
    )
    arguments = parser.parse_args()

    import torch

    from patterngan.runs.loading import load_sampler

    sampler, source = load_sampler(arguments.path, arguments.trust), torch.Generator().manual_seed(arguments.seed)
    if arguments.symbols is None:
        integers: list[int] = sampler.sample(arguments.n, source).tolist()
    else:
        integers = sampler.sample_longer(arguments.n, arguments.symbols, source)
    print(FORMATS[arguments.format](integers))


if __name__ == "__main__":
    script(main)
