"""What a run says in the terminal, and in its log."""

import logging
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from patterngan import CONF
from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.metrics import Metrics
from patterngan.reporting.tags import EVENTS, folder_of_events
from patterngan.runs.resuming import literal
from patterngan.storage.checkpoints import FOLDER, LAST
from patterngan.storage.files import naming
from patterngan.validation import legible

log = logging.getLogger(__name__)

LISTED = 10
"""Names and ranges of names that are listed; more would fill the screen."""


STDOUT = "standard output"


def say(console: Console, text: str) -> None:
    """Prints to the terminal, and into the run's log."""
    show(console, text)
    log.info(text)


def show(console: Console, text: str) -> None:
    """Prints to the terminal as it is: no wrapping, no markup."""
    with naming(STDOUT):
        console.print(legible(text), markup=False, highlight=False, soft_wrap=True)


def brief(metrics: Metrics) -> str:
    """The metrics that matter in a few words."""
    words = [f"validity {metrics['validity']:.3f}"]
    if "tv" in metrics:
        words += [f"modes {metrics['modes']}/{metrics['support']}", f"tv {metrics['tv']:.3f}"]
    else:
        words.append(f"{metrics['distinct']} distinct of {metrics['samples']}")
        words.append(f"marginal gap {metrics['marginal_gap']:.3f}")
    return "  ".join(words)


def verdict(metrics: Metrics) -> str:
    """The metrics that matter in half a line, tv beside its floor."""
    return brief(metrics) + (f" (floor {metrics['tv_floor']:.3f})" if "tv" in metrics else "")


def evaluation_line(step: int, found: Evaluation) -> str:
    """An evaluation in a line."""
    return f"step {step:>6}  {verdict(found.metrics)}  → {' '.join(map(str, found.integers))}"


def ranges(names: Iterable[str]) -> str:
    """Names of runs, which mostly are numbers, as short as can be: 0-3, 7."""
    spans: list[list[str]] = []
    for name in names:
        follows = spans and name.isdecimal() and spans[-1][-1].isdecimal() and int(name) == int(spans[-1][-1]) + 1
        if follows:
            spans[-1] = [spans[-1][0], name]
        else:
            spans.append([name])
    shortened = ["-".join(span) for span in spans[:LISTED]]
    return ", ".join(shortened + ["…"] * (len(spans) > LISTED))


def table_console() -> Console:
    """A console for tables: as wide as the terminal, and wide enough where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def going_on(config: DictConfig) -> str:
    """How to go on with the sweep of a config."""
    typed: Any = OmegaConf.to_container(config.hydra.overrides, resolve=False)  # an interpolation is the jobs' own
    command = sweep_command([*typed["task"], *typed["hydra"]], Path(str(config.hydra.sweep.dir)).absolute())
    return f"go on with: {command}"


def sweep_command(overrides: Iterable[str], folder: Path) -> str:
    """What to type to go on with a sweep: what was typed, in the same folder."""
    typed = [override for override in overrides if not override.startswith(("hydra.sweep.dir=", "hydra.mode="))]
    text = shown(folder)
    value = text if re.fullmatch(r"[A-Za-z0-9_./-]+", text) else literal(text)
    return shlex.join(["python", shown(CONF.parent / "train.py"), "-m", *typed, f"hydra.sweep.dir={value}"])


def shown(path: Path) -> str:
    """A path as short as the user would type it, and no flag."""
    text = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    return f"./{text}" if text.startswith("-") else text


def resume_command(path: Path) -> str:
    """What to type to go on from a checkpoint or a run folder: quoted for Hydra, then for the shell."""
    text = shown(path)
    value = text if re.fullmatch(r"[A-Za-z0-9_./-]+", text) else literal(text)
    return f"python {shown(CONF.parent / 'train.py')} {shlex.quote(f'ckpt_path={value}')}"


def interruption(folder: Path, step: int, found: Evaluation | None) -> str:
    """What a run that a signal stopped has come to, and how to go on with it.

    Args:
        folder: of the run.
        step: at which it stopped.
        found: its last evaluation.
    """
    last = folder / FOLDER / LAST
    how = f"go on with: {resume_command(folder)}" if last.is_file() else "there is no checkpoint to go on from"
    lines = {"stopped": f"at step {step}", **({"result": f"{verdict(found.metrics)}  so far"} if found else {})}
    return "\n".join(["", *_table(lines | {"folder": shown(folder)}), f"interrupted; {how}"])


def script_command(script: str, folder: Path, *arguments: str) -> str:
    """What to type for a script to read a run's folder, or a sweep's."""
    path = shown(CONF.parent / "scripts" / f"{script}.py")
    return " ".join(["python", shlex.quote(path), shlex.quote(shown(folder)), *arguments])


def curves_command(folder: Path) -> str:
    """What to type to see the curves and pictures in a folder."""
    return f"tensorboard --logdir {shlex.quote(shown(folder))}"


def generate_command(run: Path) -> str:
    """What to type for integers from a run's generator."""
    return script_command("generate", run, "-n 10")


def summary(found: Evaluation, folder: Path, page: Path | None = None) -> str:
    """What became of a run, and what to type next. `page`: the run's, if it was made."""
    exact = "  exact: every noise vector was counted" if found.metrics["exact"] else ""
    logs = Path("outputs") if Path("outputs").resolve() in folder.resolve().parents else folder
    has_curves = any(folder_of_events(folder).glob(EVENTS))
    lines = {
        "result": verdict(found.metrics) + exact,
        "generated": " ".join(map(str, found.integers)),
        "folder": shown(folder),
        **({"report": shown(page)} if page else {}),
        **({"curves": curves_command(logs)} if has_curves else {}),
        "integers": generate_command(folder),
    }
    return "\n".join(["", *_table(lines)])


def _table(lines: Mapping[str, str]) -> Iterator[str]:
    return (f"{name:<10} {text}" for name, text in lines.items())
