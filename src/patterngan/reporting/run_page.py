"""A run's page: what it reached, how it got there, and the commands that go on from here."""

import shlex
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from patterngan import CONF
from patterngan.reporting.console import curves_command, generate_command, resume_command, script_command, shown
from patterngan.reporting.history import History
from patterngan.reporting.html import drawing, svg, title, write_page
from patterngan.runs.resuming import is_harmless
from patterngan.storage import foreign
from patterngan.storage.checkpoints import FOLDER, LAST
from patterngan.storage.results import PAGE, read
from patterngan.validation import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TILES = ("validity", "modes", "coverage", "tv", "kl", "marginal_gap", "unseen_coverage")
"""The metrics at the head of the page, where the run has them."""


def write_run_page(run: Path, past: History) -> Path:
    """Makes `report.html` in a run's folder, from what is in that folder; returns where it is.

    Args:
        run: the folder.
        past: what its event files tell.

    Raises:
        UsageError: if the folder holds no run that has ended, or a damaged one.
    """
    result = read_result(run)
    metrics = result["metrics"]
    write_page(
        run / PAGE,
        "run.html",
        title=title(run),
        version=version("patterngan"),
        status=result["status"],
        steps=result["steps"],
        seconds=result.get("wall_seconds"),
        error=result.get("error"),
        tiles=_tiles(metrics) | {"seed": result.get("seed")},
        figures=_figures(past),
        commands=_commands(run, result, past),
        metrics={name: value for name, value in metrics.items() if not isinstance(value, list)},
        overrides=result["overrides"],
        config=_config(run),
    )
    return run / PAGE


def read_result(run: Path) -> dict[str, Any]:
    """A run's result.json.

    Raises:
        UsageError: if there is none, or it is no result of a run.
    """
    try:
        return read(run)
    except FileNotFoundError as error:
        raise UsageError(f"{run}: holds no result.json; a run that has ended, or a sweep, is needed") from error


def _tiles(metrics: dict[str, Any]) -> dict[str, str]:
    tiles = {}
    for name in TILES:
        if (value := metrics.get(name)) is not None:
            tiles[name] = f"{value:.3f}" if isinstance(value, float) else str(value)
    if "modes" in tiles:
        tiles["modes"] += f" of {metrics.get('support')}"
    if "tv" in tiles and isinstance(floor := metrics.get("tv_floor"), float):
        tiles |= {"tv floor": f"{floor:.3f}"}
    return tiles


def _figures(past: History) -> dict[str, Markup]:
    """Caption → figure."""
    from patterngan.reporting import figures

    made: dict[str, Figure] = {}
    with drawing():
        if past.portraits:
            (first, before), (last, after) = min(past.portraits.items()), max(past.portraits.items())
            made[f"What it generated {'before training, ' if first == 0 else 'at '}step {first}"] = figures.law(before)
            made[f"What it generates at step {last}; the dashed line is the target"] = figures.law(after)
            made[f"What D takes for real at step {last}"] = figures.verdicts(after)
            made[f"Codes it generates at step {last}"] = figures.codes(after)
        for caption, tags in CURVES.items():
            if lines := {name: past.curves[tag] for name, tag in tags.items() if tag in past.curves}:
                made[caption] = figures.curves(lines)
        return {caption: svg(figure) for caption, figure in made.items()}


CURVES = {
    "Metrics over GAN steps": {name: f"metrics/{name}" for name in ("validity", "coverage", "1-tv")},
    "Losses over GAN steps": {"D": "losses/discriminator", "G": "losses/generator"},
}
"""Caption → line → tag."""


def _commands(run: Path, result: dict[str, Any], past: History) -> dict[str, str]:
    folder = run.resolve()
    # Where the run went on from its own checkpoint the rest of what was typed is all of its settings.
    typed = [override for override in result["overrides"] if not _is_own(folder, override)]
    commands = {}
    if all(map(is_harmless, typed)):
        commands["The same run again:"] = shlex.join(["python", shown(CONF.parent / "train.py"), *typed])
    if (folder / FOLDER / LAST).is_file():
        commands |= {
            "Integers from its generator:": generate_command(folder),
            "Its metrics from more samples:": script_command("evaluate", folder, "--samples 1000000"),
            "Its generator as one file:": script_command("export", folder, "--format torchscript"),
            "Train it further:": f"{resume_command(folder)} steps={2 * result['steps']}",
        }
    if past.curves:
        commands["Its curves and pictures:"] = curves_command(folder)
    if past.portraits:
        commands["Its training as a film:"] = script_command("report", folder, "--animate")
    return commands


def _is_own(folder: Path, override: str) -> bool:
    key, _, value = override.partition("=")
    path = Path(value.strip("'\"")).resolve()
    return key == "ckpt_path" and (path == folder or folder in path.parents)


def _config(run: Path) -> str:
    try:
        return foreign.text(run / ".hydra" / "config.yaml")
    except (OSError, ValueError):
        return ""
