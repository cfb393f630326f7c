"""The report of a run, made from its folder: its page, its pictures in TensorBoard and its film."""

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from patterngan.evaluation.metrics import Metrics
from patterngan.evaluation.portraits import MOST_INTEGERS, MOST_PICTURES, Portrait, due
from patterngan.evaluation.registry import CHARTED, present
from patterngan.evaluation.verdict import Grade, count, ended, found_share, grade
from patterngan.reporting.commands import (
    curves_command,
    generate_command,
    rerun_command,
    resume_arguments,
    resume_command,
    script_command,
    trust_flags,
)
from patterngan.reporting.events import EventFile, folder_of_events
from patterngan.reporting.figures import INVALID, MISSING, VALID, Bars, Codes, DScores
from patterngan.reporting.history import History, history
from patterngan.reporting.html import write_page
from patterngan.reporting.pictures import frames
from patterngan.reporting.playback import playback
from patterngan.reporting.rule_figures import SAID
from patterngan.reporting.studio import Studio
from patterngan.reporting.titles import title
from patterngan.storage.checkpoints import FOLDER, LAST
from patterngan.storage.files import read_yaml, write_atomically
from patterngan.storage.results import FILE, FILM, PAGE, read
from patterngan.validation import UsageError

CURVES = {
    "Metrics": (
        "share",
        {
            metric.rising: (f"metrics/{metric.rising}", color)
            for metric, color in zip(CHARTED, (VALID, INVALID, MISSING), strict=True)
        },
    ),
    "What D says: its mean logit of shown, held-out and invalid integers": ("logit", SAID),
    "Losses of the discriminator and the generator": (
        "loss",
        {"D": ("losses/discriminator", VALID), "G": ("losses/generator", INVALID)},
    ),
}
"""Caption → what the values are, and name of a curve → its tag and its colour."""


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, ended or not."""
    return (folder / FILE).exists() or (folder / ".hydra").is_dir()


def report_run(run: Path, trust: Sequence[str] = (), studio: Studio | None = None) -> Path:
    """Writes the page of a run, and its pictures for TensorBoard if it has none; returns the path of the page.

    Args:
        run: its folder.
        trust: packages that the page's commands may name code of.
        studio: what draws, also the next run.

    Raises:
        UsageError: if the folder holds no run that has ended, or its files are damaged.
    """
    past, studio = history(run), studio or Studio()
    try:
        result = read(run)
    except FileNotFoundError as error:
        raise UsageError(f"{run}: holds no result.json; a run that has ended, or a sweep, is needed") from error
    config = run / ".hydra" / "config.yaml"
    write_page(
        run / PAGE,
        "run.html",
        title=_title(run),
        result=result,
        verdict=ended(result["status"], result["steps"], result["metrics"]),
        tiles=[*_tiles(result["metrics"]), Tile("seed", str(result.get("seed")))],
        playback=playback(past.portraits),
        stills=_stills(past.portraits, studio),
        curves=_curves(past, studio),
        most_integers=MOST_INTEGERS,
        commands=_commands(run.resolve(), result, past, trust),
        metrics={name: value for name, value in result["metrics"].items() if not isinstance(value, list)},
        config=config.read_text(encoding="utf-8", errors="replace") if config.is_file() else "",
    )
    if past.portraits and not past.pictured:
        _write_pictures(run, past.portraits, studio)
    return run / PAGE


def _title(run: Path) -> str | None:
    """What the run trained, in words; None where its folder does not say it."""
    try:
        return title(read_yaml(run / ".hydra" / "config.yaml"))
    except (OSError, ValueError):
        return None


class Tile(NamedTuple):
    """A number at the top of the page."""

    name: str
    text: str
    grade: Grade | None = None
    share: float | None = None
    """How much of a bar is filled, 0 … 1; None: it has no bar."""


def _tiles(metrics: Metrics) -> list[Tile]:
    """The metrics at the top of the page."""
    shares = {"validity": metrics.get("validity"), "modes": found_share(metrics), "coverage": found_share(metrics)}
    tiles = [
        Tile(name, _tile_text(name, metrics), grade(name, metrics), shares.get(name))
        for name in present(metrics, "main", "shown")
        if metrics[name] is not None
    ]
    if floor := metrics.get("tv_floor"):
        tiles.append(Tile("tv floor", f"{floor:.3f}"))
    return tiles


def _tile_text(name: str, metrics: Metrics) -> str:
    value = metrics[name]
    if name == "modes":
        return f"{count(value)} of {metrics.get('support')}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _stills(portraits: Mapping[int, Portrait], studio: Studio) -> dict[str, Markup]:
    """Caption → figure of the first and the last portrait, for readers without JavaScript."""
    if not portraits:
        return {}
    (first, before), (last, after) = min(portraits.items()), max(portraits.items())
    return {
        f"Generated integers at step {first}": studio.portrait(before, Bars, after),
        f"Generated integers at step {last}; the dashed line is the target": studio.portrait(after, Bars, before),
        f"D(x), the probability that x is real, at step {last}": studio.portrait(after, DScores),
        f"Generated codes at step {last}": studio.portrait(after, Codes),
    }


def _curves(past: History, studio: Studio) -> dict[str, Markup]:
    """Caption → figure."""
    drawn = {}
    for caption, (label, tags) in CURVES.items():
        if curves := {name: past.curves[tag] for name, (tag, _) in tags.items() if tag in past.curves}:
            drawn[caption] = studio.curves(curves, {name: tags[name][1] for name in curves}, label)
    return drawn


def _commands(folder: Path, result: Mapping[str, Any], past: History, trust: Sequence[str]) -> dict[str, str]:
    """Purpose → command."""
    # The overrides of a run that was resumed in its folder hold all of its settings: without ckpt_path it starts anew.
    overrides = [override for override in result["overrides"] if not _resumes(folder, override)]
    commands, trusted = {}, trust_flags(trust)
    again = rerun_command(overrides, trust)
    if again is not None:
        commands["The same run again:"] = again
    if (folder / FOLDER / LAST).is_file():
        commands |= {
            "Integers from its generator:": generate_command(folder, trust),
            "Its generator as one file:": script_command("export", folder, "--format", "torchscript", *trusted),
        }
        if not result["metrics"].get("exact"):
            more = script_command("evaluate", folder, "--samples", "1000000", *trusted)
            commands["Its metrics from more samples:"] = more
        if again is not None:
            further = resume_command(folder, *resume_arguments(overrides))
            commands["Train it further:"] = f"{further} steps={2 * result['steps']}"
    if past.curves:
        commands["Its curves and pictures:"] = curves_command(folder)
    if past.portraits:
        commands["A film of its training:"] = script_command("report", folder, "--animate")
    return commands


def _resumes(folder: Path, override: str) -> bool:
    """Whether an override resumes from a checkpoint in this folder."""
    key, _, value = override.partition("=")
    return key == "ckpt_path" and Path(value.strip("'\"")).resolve().is_relative_to(folder)


def _write_pictures(run: Path, portraits: Mapping[int, Portrait], studio: Studio) -> None:
    last = max(portraits)
    album = studio.album(portraits[last])
    file = EventFile(folder_of_events(run), purge_step=None)
    for before, step in pairwise([0, *portraits]):
        if due(step, step - before, last, MOST_PICTURES):
            file.images(album.draw(portraits[step]), step)
    file.flush()


def film(run: Path) -> Path:
    """Writes an animated GIF of what a run generated over its training; returns its path.

    Raises:
        UsageError: if the run has no portraits.
    """
    portraits = history(run).portraits
    if not portraits:
        raise UsageError(f"{run}: has no portraits to animate; callbacks.curves writes them if integers are few")
    first, *others = frames(portraits)
    durations = [500] * len(others) + [3000]  # milliseconds, longer for the last frame
    file = io.BytesIO()
    first.save(file, "gif", save_all=True, append_images=others, duration=durations, loop=0)
    write_atomically(run / FILM, file.getvalue())
    return run / FILM
