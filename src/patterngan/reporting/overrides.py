"""Overrides of Hydra's that a file holds, which may come from a stranger: which of them a command may repeat."""

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException

from patterngan.storage.files import read_yaml
from patterngan.storage.settings import RUNTIME_KEYS, SETTINGS

MULTIRUN = "multirun.yaml"
"""The file in a sweep's folder in which the sweeper notes its command."""

HARMLESS_KEYS = {
    *SETTINGS,
    *RUNTIME_KEYS,
    "experiment",
    "hparams_search",
    "hydra/launcher",
    "hydra/sweeper",
    "hydra.launcher.max_members",
    "hydra.launcher.engine",
    "hydra.launcher.n_jobs",
    "hydra.sweeper.max_batch_size",
    "hydra.sweeper.zip",
    "hydra.sweeper.fail_fast",
    "hydra.sweeper.n_trials",
    "hydra.sweeper.n_jobs",
    "hydra.sweeper.direction",
    "hydra.sweeper.max_failure_rate",
    "hydra.sweeper.sampler.seed",
}
"""Keys and groups that may stand in a command that is read from a file."""

HARMLESS = re.compile(r"(?:~|\+{0,2})(?P<key>[\w./]+)(?:=(?P<value>[\w.,+*()\[\]' -]*))?")
"""Overrides whose value is made of numbers, names and lists: no path, no interpolation, no dictionary."""

HARMLESS_GAPS = re.compile(r"hydra\.sweeper\.exclude=[\w.,+*()\[\]{}:' -]*")
"""The one override whose value may hold dictionaries: swept keys with their values."""

UNQUOTED = re.compile(r"[\w./-]+", re.ASCII)
"""Paths that need no quotes in Hydra's override grammar."""

REPEATED = {*SETTINGS, "experiment", "trainer", "capture", "optimized_metric"}
"""The groups and keys whose overrides a run is resumed with. Loggers are none: they may write to a server."""


def literal(value: Any) -> str:
    """A plain value, quoted so that Hydra's override grammar reads it back."""
    if isinstance(value, list):
        return f"[{','.join(map(literal, value))}]"
    if not isinstance(value, str):
        return "null" if value is None else str(value).lower()
    # A backslash is literal, except before a quote.
    return "'" + re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + "\\'" * bool(match[2]), value) + "'"


def path_literal(path: str) -> str:
    """A path, quoted where Hydra's override grammar asks for it."""
    return path if UNQUOTED.fullmatch(path) else literal(path)


@lru_cache(maxsize=2**16)
def parse(text: str) -> Override:
    """An override by Hydra's grammar, parsed once however often it is asked for."""
    return OverridesParser.create().parse_override(text)


def parsed(text: str) -> Override | None:
    """As `parse`; None if the text is no override."""
    try:
        override = parse(text)
    except (HydraException, ValueError):  # the latter of an integer with too many digits for Python
        return None
    return override if override.key_or_group else None


class Note(NamedTuple):
    """What stands in a sweep's folder of its start."""

    config: dict[str, Any]
    """The config of the sweep itself."""
    task: list[str]
    """What was typed for its runs."""
    hydra: list[str]
    """What was typed for Hydra."""
    params: dict[str, str]
    """Key → values, as `hydra.sweeper.params` has them beside what was typed."""

    @property
    def typed(self) -> list[str]:
        """All that was typed."""
        return [*self.task, *self.hydra]

    @property
    def choices(self) -> list[str]:
        """The overrides that say what runs have; of a key that is given twice the later counts."""
        return [*(f"{key}={values}" for key, values in self.params.items()), *self.task]


def noted(sweep: Path) -> Note | None:
    """The note in a sweep's folder; None where there is none that can be read."""
    try:
        config = read_yaml(sweep / MULTIRUN)
        hydra = config["hydra"]
        typed, params = hydra["overrides"], (hydra.get("sweeper") or {}).get("params") or {}
        task, of_hydra = (list(map(str, typed.get(part) or ())) for part in ("task", "hydra"))
        return Note(config, task, of_hydra, {str(key): str(values) for key, values in params.items()})
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def swept_keys(run: Path) -> tuple[str, ...]:
    """The keys of a sweep's command that have several values, by the folder of one of its runs; seed comes last."""
    sweep = next((folder for folder in run.absolute().parents if (folder / MULTIRUN).is_file()), None)
    return () if sweep is None else _swept(sweep)


@lru_cache
def _swept(sweep: Path) -> tuple[str, ...]:
    note = noted(sweep)
    overrides = {one.key_or_group: one for one in map(parsed, note.choices if note else ()) if one}
    swept = [key for key, override in overrides.items() if override.is_sweep_override()]
    return tuple(sorted(swept, key=lambda key: key == "seed"))


def is_harmless(override: str, trust: Collection[str] = ()) -> bool:
    """Whether an override that a file holds may be part of a command to copy.

    The file can come from a stranger, so only known keys with plain values may: no code, no file, no address. A
    `_target_` may if it is in one of the packages of `trust`.
    """
    if override.startswith("ckpt_path="):
        return UNQUOTED.fullmatch(override.removeprefix("ckpt_path=")) is not None
    if HARMLESS_GAPS.fullmatch(override):
        return "_target_" not in override
    match = HARMLESS.fullmatch(override)
    if match is None:
        return False
    key = match["key"]
    if "_target_" in key:
        return key.partition(".")[0] in SETTINGS and str(match["value"]).startswith(tuple(f"{name}." for name in trust))
    return key in HARMLESS_KEYS or key.partition(".")[0] in HARMLESS_KEYS


def is_repeated(override: str) -> bool:
    """Whether a run that is resumed takes this override from its checkpoint."""
    read = parsed(override)
    if read is None or not is_harmless(override):
        return False
    group = read.key_or_group.partition(".")[0]
    is_added = read.type == OverrideType.ADD and group == "trainer"  # an argument of Lightning's that conf/ leaves out
    return group in REPEATED and (is_added or read.type == OverrideType.CHANGE)
