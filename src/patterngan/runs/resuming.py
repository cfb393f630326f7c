"""Going on with a run: `python train.py ckpt_path=…` gets the overrides that the run was started with.

A checkpoint may come from a stranger: none of its overrides may name code or a file. Settings of the checkpoint that
its overrides do not lead to, because conf/ has changed, are added as overrides too.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import OmegaConf

from patterngan import CONF
from patterngan.reporting.commands import is_harmless, literal
from patterngan.runs.instantiate import typed_key
from patterngan.storage.settings import SETTINGS, leaves
from patterngan.validation import InvalidValueError, UsageError

if TYPE_CHECKING:
    from patterngan.storage.checkpoints import Checkpoint

MULTIRUN = ("-m", "--multirun")
"""Hydra's flags for a sweep."""

REPEATED = {*SETTINGS, "experiment", "trainer", "capture", "optimized_metric"}
"""The groups and keys whose overrides a run is resumed with."""


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
    overrides = [override for override in map(parsed, checkpoint.overrides) if override and _is_repeated(override)]
    before = [str(override.input_line) for override in overrides if override.key_or_group not in now]
    chosen = [f"{key}={literal(value)}" for key, value in now.items() if (CONF / key).is_dir() and value is not None]
    before += _differences(checkpoint, [*chosen, *before], set(now))
    folder = resumable_folder(locate(Path(path)))
    if folder is not None and not set(MULTIRUN) & set(arguments):
        before.append("hydra.run.dir=" + literal(str(folder)))
    first = arguments.index(typed[0])
    return [*arguments[:first], *before, *arguments[first:]]


def requested(path: object) -> "Checkpoint":
    """The checkpoint that `ckpt_path=` names."""
    from patterngan.storage.checkpoints import read

    if not isinstance(path, str) or not path or not Path(path).exists():
        raise InvalidValueError("ckpt_path", path, "no such checkpoint file or run folder")
    try:
        return read(Path(path))
    except UsageError as error:
        raise UsageError(f"ckpt_path={error}") from error


def parsed(text: str) -> Override | None:
    """An override by Hydra's grammar; None if the text is none."""
    try:
        override = OverridesParser.create().parse_override(text)
    except (HydraException, ValueError):  # the latter of an integer with too many digits for Python
        return None
    return override if override.key_or_group else None


def _is_repeated(override: Override) -> bool:
    group = override.key_or_group.partition(".")[0]
    return override.type == OverrideType.CHANGE and group in REPEATED and is_harmless(str(override.input_line))


def _differences(checkpoint: "Checkpoint", overrides: list[str], now: set[str]) -> list[str]:
    """Overrides for the settings in which the checkpoint differs from conf/ with `overrides`; not for keys in `now`."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides)
    typed = []
    for key, value in leaves(checkpoint.settings):
        if key in now or key.partition(".")[0] in now:
            continue
        today = OmegaConf.select(config, key, default=...)
        if today == value:
            continue
        if today is ... or key.endswith("_target_"):
            raise UsageError(f"ckpt_path={checkpoint.path}: was trained with {key}={value}, which conf/ no longer has")
        if typed_key(config, key) == key:  # else what it refers to is typed
            typed.append(f"{key}={literal(value)}")
    return typed
