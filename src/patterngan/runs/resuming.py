"""Going on with a run: `python train.py ckpt_path=…` gets the overrides that the run was started with.

A checkpoint may come from a stranger: none of its overrides may name code or a file. Settings of the checkpoint that
its overrides do not lead to, because conf/ has changed, are added as overrides too.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf

from patterngan.packages import is_group
from patterngan.paths import CONF, PROJECT
from patterngan.reporting.overrides import is_repeated, literal, parsed
from patterngan.runs.instantiate import foreign_packages, typed_key
from patterngan.storage.settings import leaves
from patterngan.validation import InvalidValueError, UsageError

if TYPE_CHECKING:
    from patterngan.storage.checkpoints import Checkpoint

MULTIRUN = ("-m", "--multirun")
"""Hydra's flags for a sweep."""


def resumed(arguments: list[str]) -> list[str]:
    """The command line with which a run goes on, if `ckpt_path=` is in it; else as it is.

    The run's overrides come first, so that what is typed now wins. From its last checkpoint it goes on in its folder.

    Raises:
        UsageError: if the checkpoint cannot be read, or conf/ no longer has its settings.
    """
    typed = [argument for argument in arguments if "=" in argument and not argument.startswith("-")]
    now = {override.key_or_group: override.value() for override in map(parsed, typed) if override}
    path = now.get("ckpt_path")
    if not isinstance(path, str) or not path or not Path(path).exists():
        return arguments  # a missing file is reported with the other values
    from patterngan.storage.checkpoints import locate, resumable_folder

    checkpoint = requested(path)
    require_same_experiment(checkpoint, typed)
    before = own_overrides(checkpoint, arguments, now)
    folder = resumable_folder(locate(Path(path)))
    if folder is not None and not set(MULTIRUN) & set(arguments):
        before.append("hydra.run.dir=" + literal(str(folder)))
    first = arguments.index(typed[0])
    return [*arguments[:first], *before, *arguments[first:]]


def require_same_experiment(checkpoint: "Checkpoint", typed: list[str]) -> None:
    """Refuses another experiment than a run's own: its settings win over those of any experiment.

    Raises:
        UsageError: naming both.
    """
    before, now = (
        {str(override.input_line) for override in map(parsed, overrides) if override and is_experiment(override)}
        for overrides in (checkpoint.overrides, typed)
    )
    if now - before:
        started = f"was started with {', '.join(before)}" if before else "was started without an experiment"
        instead = "leave it out to go on, or type its keys one by one"
        raise UsageError(f"{min(now - before)}: the run of ckpt_path={checkpoint.path} {started}; {instead}")


def is_experiment(override: Override) -> bool:
    """Whether an override chooses an experiment."""
    return override.key_or_group == "experiment"


def own_overrides(checkpoint: "Checkpoint", arguments: list[str], now: dict[str, Any]) -> list[str]:
    """The overrides that lead to a checkpoint's settings, but for the keys that are typed `now`.

    Raises:
        UsageError: if no config has its settings.
    """
    overrides = [override for override in map(parsed, filter(is_repeated, checkpoint.overrides)) if override]
    before = [str(override.input_line) for override in overrides if override.key_or_group not in now]
    chosen = [f"{key}={literal(value)}" for key, value in now.items() if is_group(key) and value is not None]
    try:
        today = compose_as_typed(arguments, [*chosen, *before], now.get("hydra.searchpath"))
    except MissingConfigException as error:
        if not (foreign := foreign_packages(checkpoint.settings)):
            raise
        lost = f"has options of {', '.join(foreign)}, which is no installed package"
        instead = "type the command that the run printed, which is in its train.log"
        raise UsageError(f"ckpt_path={now['ckpt_path']}: {lost}; {instead}") from error
    return [*before, *_differences(checkpoint, today, set(now))]


def requested(path: object) -> "Checkpoint":
    """The checkpoint that `ckpt_path=` names."""
    from patterngan.runs.loading import read_run

    if not isinstance(path, str) or not path or not Path(path).exists():
        raise InvalidValueError("ckpt_path", path, "no such checkpoint file or run folder")
    try:
        return read_run(Path(path))
    except UsageError as error:
        raise UsageError(f"ckpt_path={error}") from error


def compose_as_typed(arguments: list[str], overrides: list[str], searchpath: Any) -> DictConfig:
    """The config of overrides, from the folders that the flags of a command line name."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir", "-cd", type=Path)
    parser.add_argument("--config-name", "-cn", default="config")
    parser.add_argument("--config-path", "-cp", type=Path, default=CONF)
    flags, _ = parser.parse_known_args(arguments)
    folders = [*(searchpath or []), *([] if flags.config_dir is None else [f"file://{flags.config_dir.absolute()}"])]
    with initialize_config_dir(str(PROJECT / flags.config_path), version_base="1.3"):
        return compose(flags.config_name, [*overrides, f"hydra.searchpath={literal(folders)}"])


def _differences(checkpoint: "Checkpoint", config: DictConfig, now: set[str]) -> list[str]:
    """Overrides for the settings in which the checkpoint differs from a config; not for keys that are typed `now`."""
    typed = []
    for key, value in leaves(checkpoint.settings):
        if key in now or key.partition(".")[0] in now:
            continue
        today = OmegaConf.select(config, key, default=...)
        if today == value:
            continue
        if today is ... or key.endswith("_target_"):
            lost = f"was trained with {key}={value}, which conf/ does not have; type it again"
            raise UsageError(f"ckpt_path={checkpoint.path}: {lost}, or the flag that leads to it")
        if typed_key(config, key) == key:  # else what it refers to is typed
            typed.append(f"{key}={literal(value)}")
    return typed
