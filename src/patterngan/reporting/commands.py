"""Commands that the user can copy from a terminal, a log or a page."""

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from patterngan import CONF
from patterngan.storage.settings import RUNTIME_KEYS, SETTINGS

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
    "hydra.sweeper.n_trials",
}
"""Keys and groups that may stand in a command that is read from a file."""

HARMLESS = re.compile(r"(?:~|\+{0,2})(?P<key>[\w./]+)(?:=[\w.,+*()\[\]' -]*)?")
"""Overrides whose value is made of numbers, names and lists: no path, no interpolation, no dictionary."""

UNQUOTED = re.compile(r"[\w./-]+", re.ASCII)
"""Paths that need no quotes in Hydra's override grammar."""


def literal(value: Any) -> str:
    """A plain value, quoted so that Hydra's override grammar reads it back."""
    if isinstance(value, list):
        return f"[{','.join(map(literal, value))}]"
    if not isinstance(value, str):
        return "null" if value is None else str(value).lower()
    # A backslash is literal, except before a quote.
    return "'" + re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + "\\'" * bool(match[2]), value) + "'"


def is_harmless(override: str) -> bool:
    """Whether an override that a file holds may be part of a command to copy.

    The file can come from a stranger, so only known keys with plain values may: no code, no file, no address.
    """
    if override.startswith("ckpt_path="):
        return UNQUOTED.fullmatch(override.removeprefix("ckpt_path=")) is not None
    match = HARMLESS.fullmatch(override)
    key = match["key"] if match else ""
    return key in HARMLESS_KEYS or (key.partition(".")[0] in HARMLESS_KEYS and "_target_" not in key)


def display_path(path: Path) -> str:
    """A path relative to the working directory where possible, never starting with the dash of a flag."""
    text = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    return f"./{text}" if text.startswith("-") else text


def train_command(*overrides: str) -> str:
    """The command that trains with these overrides or flags."""
    return shlex.join(["python", display_path(CONF.parent / "train.py"), *overrides])


def resume_command(path: Path) -> str:
    """The command that resumes from a checkpoint or a run folder."""
    return train_command(f"ckpt_path={_path_value(path)}")


def sweep_command(overrides: Iterable[str], folder: Path) -> str:
    """The command that continues a sweep: its own overrides, in the same folder."""
    return train_command("-m", *without_placement(overrides), f"hydra.sweep.dir={_path_value(folder)}")


def without_placement(overrides: Iterable[str]) -> list[str]:
    """The overrides but those that say only that the command is a sweep, or where its folder is."""
    return [override for override in overrides if not override.startswith(("hydra.sweep.dir=", "hydra.mode="))]


def _path_value(path: Path) -> str:
    text = display_path(path)
    return text if UNQUOTED.fullmatch(text) else literal(text)


def sweep_resume_hint(config: DictConfig) -> str:
    """The phrase that tells how to continue the sweep of a config."""
    typed: Any = OmegaConf.to_container(config.hydra.overrides, resolve=False)  # jobs resolve their interpolations
    command = sweep_command([*typed["task"], *typed["hydra"]], Path(str(config.hydra.sweep.dir)).absolute())
    return f"go on with: {command}"


def script_command(script: str, folder: Path, *arguments: str) -> str:
    """The command that runs a script of scripts/ on the folder of a run or a sweep."""
    path = display_path(CONF.parent / "scripts" / f"{script}.py")
    return shlex.join(["python", path, display_path(folder), *arguments])


def generate_command(run: Path) -> str:
    """The command that prints integers from a run's generator."""
    return script_command("generate", run, "-n", "10")


def curves_command(folder: Path) -> str:
    """The command that opens a folder's curves and pictures in TensorBoard."""
    return shlex.join(["tensorboard", "--logdir", display_path(folder)])
