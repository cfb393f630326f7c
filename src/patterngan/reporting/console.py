"""What a run or a sweep prints to the terminal and into its log."""

import logging
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.metrics import Metrics
from patterngan.evaluation.verdict import count, verdict
from patterngan.reporting.commands import (
    curves_command,
    display_path,
    generate_command,
    resume_arguments,
    resume_command,
)
from patterngan.reporting.events import EVENTS, folder_of_events
from patterngan.storage.checkpoints import FOLDER, LAST
from patterngan.storage.files import naming
from patterngan.validation import legible

log = logging.getLogger(__name__)

LISTED = 10
"""Names, or ranges of names, that a line lists at most."""


def say(console: Console, text: str) -> None:
    """Prints to the terminal, and into the run's log."""
    show(console, text)
    log.info(text)


def show(console: Console, text: str) -> None:
    """Prints to the terminal without wrapping or markup."""
    with naming("standard output"):
        console.print(legible(text), markup=False, highlight=False, soft_wrap=True)


def table_console() -> Console:
    """A console for tables: as wide as the terminal, or 160 columns where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def brief(metrics: Metrics) -> str:
    """The main metrics as a short text."""
    if "tv" in metrics:
        rest = f"modes {count(metrics['modes'])}/{metrics['support']}  tv {metrics['tv']:.3f}"
    else:
        distinct = f"{count(metrics['distinct'])} distinct of {metrics['samples']}"
        rest = f"{distinct}  marginal gap {metrics['marginal_gap']:.3f}"
    if metrics.get("unseen_coverage") is not None:  # a holdout asks for it
        rest = f"unseen_coverage {metrics['unseen_coverage']:.3f}  {rest}"
    return f"validity {metrics['validity']:.3f}  {rest}"


def metrics_line(metrics: Metrics) -> str:
    """The main metrics as a short text; whether they are exact, or the floor of tv."""
    if metrics["exact"]:
        return f"{brief(metrics)} (exact)"
    return brief(metrics) + (f" (floor {metrics['tv_floor']:.3f})" if "tv" in metrics else "")


def evaluation_line(step: int, evaluation: Evaluation) -> str:
    """The step, the main metrics and the sample integers of an evaluation, on one line."""
    return f"step {step:>6}  {metrics_line(evaluation.metrics)}  → {' '.join(map(str, evaluation.integers))}"


def ranges(names: Iterable[str]) -> str:
    """Names of runs as one text, consecutive numbers as a range: 0-3, 7."""
    spans: list[list[str]] = []
    for name in names:
        last = spans[-1][-1] if spans else ""
        if name.isdecimal() and last.isdecimal() and int(name) == int(last) + 1:
            spans[-1] = [spans[-1][0], name]
        else:
            spans.append([name])
    return ", ".join(["-".join(span) for span in spans[:LISTED]] + ["…"] * (len(spans) > LISTED))


def interruption(folder: Path, step: int, evaluation: Evaluation | None, overrides: Iterable[str] = ()) -> str:
    """The closing lines of a run that was stopped at this step; `evaluation`: its last one; `overrides`: its own."""
    has_checkpoint = (folder / FOLDER / LAST).is_file()
    command = resume_command(folder, *resume_arguments(overrides))
    hint = f"go on with: {command}" if has_checkpoint else "there is no checkpoint to go on from"
    table = _table(
        stopped=f"at step {step}",
        result=f"{metrics_line(evaluation.metrics)}  so far" if evaluation else None,
        folder=display_path(folder),
    )
    return f"{table}\ninterrupted; {hint}"


def summary(
    evaluation: Evaluation,
    folder: Path,
    page: Path | None = None,
    trust: Iterable[str] = (),
    ended: str | None = None,
    alone: str | None = None,
) -> str:
    """The closing lines of a completed run: its result and the next commands.

    Args:
        evaluation: the last one.
        folder: of the run.
        page: its report, if it has one.
        trust: packages that are not installed, and that it names code of.
        ended: where and why it ended, if that was before its last step.
        alone: what trains it again by itself, if it is one of a sweep.
    """
    has_curves = any(folder_of_events(folder).glob(EVENTS))
    return _table(
        ended=ended,
        result=metrics_line(evaluation.metrics),
        verdict=said.words if (said := verdict(evaluation.metrics)) else None,
        generated=" ".join(map(str, evaluation.integers)),
        folder=display_path(folder),
        report=display_path(page) if page else None,
        curves=curves_command(folder) if has_curves else None,
        integers=generate_command(folder, trust) if (folder / FOLDER / LAST).is_file() else None,
        alone=alone,
    )


def _table(**lines: str | None) -> str:
    """An empty line, then a line for each name that has a text."""
    return "\n".join(["", *(f"{name:<10} {text}" for name, text in lines.items() if text)])
