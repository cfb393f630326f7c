"""Measures a trained GAN again, from its checkpoint: `python scripts/evaluate.py outputs/RUN`."""

import json

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script


def main() -> None:
    """Parses the command line, then evaluates."""
    parser = OneLineParser(description=__doc__)
    parser.add_run()
    parser.add_argument(
        "--samples", type=positive, help="integers to count where their law is unknown (as many as in training)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text or json (text)")
    arguments = parser.parse_args()

    from patterngan.runs.loading import load_gan

    gan, step = load_gan(arguments.path, arguments.samples, arguments.trust)
    metrics = gan.evaluate().metrics
    if arguments.format == "json":
        print(json.dumps(metrics, indent=2))
    else:
        for name, value in {"step": step, **metrics}.items():
            print(f"{name:<15} {f'{value:.6g}' if isinstance(value, float) else value}")


if __name__ == "__main__":
    script(main)
