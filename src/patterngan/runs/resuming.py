"""Going on with a run: `python train.py ckpt_path=…` types the run's own command line again.

A checkpoint may be a stranger's. Of the command line it tells, only plain choices and values of known keys are typed
again; what it says of its settings is typed where today's conf/ says otherwise. Neither can name code or a file.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import OmegaConf

from patterngan import CONF
from patterngan.validation import InvalidValueError, UsageError

if TYPE_CHECKING:
    from patterngan.storage.checkpoints import Checkpoint

MULTIRUN = ("-m", "--multirun")
"""Hydra's flags for a sweep."""


HARMLESS = (
    "hydra.mode",
    "hydra.sweep.dir",
    "hydra.launcher.max_members",
    "hydra.launcher.engine",
    "hydra.launcher.n_jobs",
    "hydra.sweeper.max_batch_size",
    "hydra.sweeper.n_trials",
)
"""Hydra's keys in commands that pages show."""

NEUTRAL = {"update.ema": 0.0, "optimizer.decay": "none"}
"""Keys that older checkpoints lack, with the values that change nothing, where today's conf/ has others."""


def resumed(arguments: list[str]) -> list[str]:
    """The command line with which a run goes on, where `ckpt_path=` asks for that; else as it is.

    The run's settings come first and what is typed now wins. From its last checkpoint a run goes on in its own folder.

    Raises:
        UsageError: if the checkpoint cannot be read, or its settings cannot be had from today's conf/.
    """
    typed = [argument for argument in arguments if "=" in argument and not argument.startswith("-")]
    now = {override.key_or_group: override.value() for override in map(parsed, typed) if override}
    path = now.get("ckpt_path")
    if not isinstance(path, str) or not path or not Path(path).exists():
        return arguments  # a missing file is reported with the other values
    from patterngan.storage.checkpoints import locate, resumable_folder

    checkpoint = requested(path)
    overrides = [override for override in map(parsed, checkpoint.overrides) if override and _is_plain(override)]
    before = [str(override.input_line) for override in overrides if override.key_or_group not in now]
    chosen = [f"{key}={literal(value)}" for key, value in now.items() if (CONF / key).is_dir() and value is not None]
    before = [*_options(checkpoint, [*chosen, *before], set(now)), *before]
    before += _differences(checkpoint, [*chosen, *before], set(now))
    folder = resumable_folder(locate(Path(path)))
    if folder is not None and not set(MULTIRUN) & set(arguments):
        before.append("hydra.run.dir=" + literal(str(folder)))
    first = arguments.index(typed[0])
    return [*arguments[:first], *before, *arguments[first:]]


def requested(path: object) -> "Checkpoint":
    """The checkpoint that `ckpt_path=` names.

    Raises:
        UsageError: if there is none, or it is damaged or foreign.
    """
    from patterngan.storage.checkpoints import read

    if not isinstance(path, str) or not path or not Path(path).exists():
        raise InvalidValueError("ckpt_path", path, "no such checkpoint file or run folder")
    try:
        return read(Path(path))
    except UsageError as error:
        raise UsageError(f"ckpt_path={error}") from error


def literal(value: Any) -> str:
    """A plain value as Hydra's override grammar reads it back."""
    if isinstance(value, list):
        return f"[{','.join(map(literal, value))}]"
    if not isinstance(value, str):
        return "null" if value is None else str(value).lower()
    # A backslash stands for itself, except before a quote.
    return "'" + re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + "\\'" * bool(found[2]), value) + "'"


def parsed(override: str) -> Override | None:
    """An override by Hydra's grammar, None where it is none."""
    try:
        found = OverridesParser.create().parse_override(override)
    except (HydraException, ValueError):  # the latter of an integer with too many digits for Python
        return None
    return found if found.key_or_group else None


def _is_plain(override: Override) -> bool:
    from patterngan.runs.configs import SETTINGS

    if override.type != OverrideType.CHANGE or override.package is not None:
        return False
    group, _, name = override.key_or_group.partition(".")
    if not name and (CONF / group).is_dir():
        value = override.value()
        options = value if isinstance(value, list) else [value]
        if not all(re.fullmatch(r"[\w-]+", str(option)) for option in options):
            return False  # an option, not a path to a file
    known = {*SETTINGS, "experiment", "trainer", "capture", "optimized_metric"}
    text = str(override.input_line)
    return group in known and "_target_" not in text and not set("$\\{") & set(text)


def is_harmless(override: str) -> bool:
    """Whether an override of a stranger's, typed again, only chooses and sets what is ours: no code, file or address.

    A page shows commands to copy.
    """
    from patterngan.runs.configs import SETTINGS, SURROUNDINGS

    key, _, value = override.partition("=")
    name = key.lstrip("+~")
    if "_target_" in override or set("$\\{@\n") & set(override):
        return False
    if (CONF / name).is_dir() or name in ("hydra/launcher", "hydra/sweeper"):
        return re.fullmatch(r"[\w,\[\]-]*", value) is not None
    known = re.fullmatch(r"[\w.]+", name) and name.partition(".")[0] in (*SETTINGS, *SURROUNDINGS)
    return bool(known) or name in HARMLESS


def _options(checkpoint: "Checkpoint", overrides: list[str], now: set[str]) -> list[str]:
    """The options that must be chosen, where conf/ chose others when the checkpoint was written."""
    from patterngan.runs.configs import targets

    groups = [override for override in overrides if (CONF / override.partition("=")[0]).is_dir()]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", groups)
    chosen = []
    for group, value in checkpoint.settings.items():
        if group in now or not (CONF / group).is_dir():
            continue
        if not isinstance(value, dict):
            raise UsageError(f"ckpt_path={checkpoint.path}: its settings describe no GAN ({group}={value})")
        if targets(config[group]) == targets(value):
            continue
        files = sorted((CONF / group).glob("*.yaml"))
        fitting = [file.stem for file in files if targets(OmegaConf.load(file)) == targets(value)]
        chosen += [f"{group}={option}" for option in fitting[:1]]
    return chosen


def _differences(checkpoint: "Checkpoint", overrides: list[str], now: set[str]) -> list[str]:
    """What must be typed for today's conf/ to give the checkpoint's settings, but for keys and groups typed `now`."""
    from patterngan.runs.configs import leaves, typed_key

    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides)
    typed = []
    for key, value in (NEUTRAL | dict(leaves(checkpoint.settings))).items():
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
