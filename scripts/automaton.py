"""Draws the automaton that a run's discriminator has learned: `python scripts/automaton.py RUN`.

With `--beside RUN` also what the discriminators of both said of shown, held-out and invalid integers over training.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from patterngan.arguments import OneLineParser
from patterngan.cli import script
from patterngan.validation import UsageError

if TYPE_CHECKING:
    from patterngan.evaluation.automaton import Learned
    from patterngan.training.module import GAN


def learned(run: Path, gan: "GAN") -> "Learned":
    """The automaton in the discriminator of a run."""
    from patterngan.data.holdout import HeldOut
    from patterngan.data.patterns import Multiples
    from patterngan.evaluation.automaton import MOST_STATES, learned_automaton
    from patterngan.gan.growing import GrowingDiscriminator

    whole = gan.evaluator.pattern
    pattern = whole.pattern if isinstance(whole, HeldOut) else whole
    if not isinstance(pattern, Multiples) or pattern.k > MOST_STATES:
        raise UsageError(f"{run}: its pattern must be multiples of at most {MOST_STATES}, whose automaton is known")
    if not isinstance(gan.discriminator, GrowingDiscriminator):
        raise UsageError(
            f"{run}: its discriminator must have one cell for all positions, as architecture=automaton has"
        )
    return learned_automaton(gan.discriminator, pattern.k, pattern.residue)


def said(run: Path) -> dict[str, dict[int, float]]:
    """What the discriminator of a run said over training: tag → step → mean logit."""
    from patterngan.reporting.history import history
    from patterngan.reporting.rule_figures import SAID

    curves = history(run).curves
    tags = [tag for tag, _ in SAID.values()]
    if missing := [tag for tag in tags if tag not in curves]:
        raise UsageError(f"{run}: has no curve {missing[0]}; runs with pattern.holdout write it")
    return {tag: curves[tag] for tag in tags}


def titles(runs: Sequence[Path], gans: Sequence["GAN"]) -> list[str]:
    """What tells runs apart: whether the states of D have noise; where that is the same, the names of the folders."""
    from patterngan.gan.growing import StateNoise

    sources = [[part for part in gan.discriminator.modules() if isinstance(part, StateNoise)] for gan in gans]
    noises = [any(source.numbers for source in own) for own in sources]
    if len(set(noises)) < len(runs):
        return [run.resolve().name for run in runs]
    return ["noise on the states" if noise else "no noise on the states" for noise in noises]


def main() -> None:
    """Parses the command line, then draws."""
    parser = OneLineParser(description=__doc__)
    parser.add_run()
    parser.add_argument("--beside", type=Path, help="a run to draw what its discriminator said over training beside")
    parser.add_argument("-o", "--output", type=Path, default=Path("automaton.png"))
    arguments = parser.parse_args()

    from patterngan.reporting.rule_figures import automaton_figure, rule_figure
    from patterngan.runs.loading import load_gan

    runs = [run for run in (arguments.beside, arguments.path) if run]
    gans = [load_gan(run, trust=arguments.trust)[0] for run in runs]
    found = learned(runs[-1], gans[-1])
    if arguments.beside:
        figure = rule_figure([*zip(titles(runs, gans), map(said, runs), strict=True)], found)
    else:
        figure = automaton_figure(found)
    figure.savefig(arguments.output, dpi=130)
    states = (
        f"{len(found.matches)} states explain {found.explained:.1%} of what D does; {len(found.smallest)} are needed"
    )
    print(f"{states}\n{found.agreement:.1%} of their arrows lead where they should, purity {found.purity:.4f}")
    print(arguments.output)


if __name__ == "__main__":
    script(main)
