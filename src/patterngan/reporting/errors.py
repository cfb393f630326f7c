"""The line that a user reads of an error. Imports nothing heavy."""

import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra.errors import MissingConfigException
from omegaconf import OmegaConf

from patterngan.packages import config_files, is_group, option_files
from patterngan.storage.files import DISK_ERRORS
from patterngan.storage.settings import leaves
from patterngan.validation import UsageError, readable

KEYS = {
    "optimizer.lr": "lr",
    "learning_rate": "lr",
    "epochs": "steps",
    "max_epochs": "steps",
    "max_steps": "steps",
    "trainer.max_epochs": "steps",
    "trainer.max_steps": "steps",
}
"""Keys that other projects have, with the key that takes their place."""

OPTIONS = {
    "objective=wgan": "objective=wasserstein, with penalty=wgan_gp for its gradient penalty",
    "objective=wgan_gp": "objective=wasserstein penalty=wgan_gp",
    "pattern=even": "pattern=multiples pattern.k=2",
    "pattern=odd": "pattern=multiples pattern.k=2 pattern.residue=1",
}
"""Options that users expect, with what takes their place."""

LIGHTNINGS = ("trainer.", "callbacks.", "logger.")
"""Beginnings of keys that may hold more than conf/ has: arguments, callbacks and loggers of Lightning's."""

ALIKE = 4
"""Letters at their beginning by which two names are taken to be meant alike."""


def message(error: Exception) -> str:
    """What a user reads of an error: one line where it is one of ours or a frequent one, else Hydra's own lines."""
    text = str(error)
    if isinstance(error, UsageError):
        return readable(text)
    if isinstance(error, MissingConfigException) and error.options:
        return missing_option(str(error.missing_cfg_file), error.options)
    if missing := re.search(r"Could not load '(\w+/.*)'", text):  # one of a list of options
        return missing_option(missing[1])
    if unknown := re.search(r"To append to your config use \+(.*)", text):
        return unknown_key(unknown[1])
    if "Config group override must be a string" in text:
        for group, option in re.findall(r"^(\w+)=(null|true|false|\d[\d,.]*)$", "\n".join(sys.argv), re.MULTILINE):
            if is_group(group):
                return missing_option(f"{group}/{option}")
    if several := re.match(r"Ambiguous value for argument '(.*)'|Sweep parameters '(.*)' requires --multirun", text):
        return several_values(several[1] or several[2])
    if merged := re.match(r"Error merging override (.*)", text):
        return f"{merged[1]}: {str(error.__cause__).splitlines()[0]}"
    if isinstance(error, OSError) and (error.filename is not None or error.errno in DISK_ERRORS):
        return f"{error.filename or 'the output'}: cannot be written or read ({error.strerror})"
    return text or type(error).__name__


def several_values(override: str) -> str:
    """The line for values with commas without -m."""
    key, _, values = override.partition("=")
    line = f"{override}: several values at once are a sweep; add -m (a list is written [a,b])"
    if re.fullmatch(r"\d{1,3}(,\d{3})+", values):
        line += f"; one number is written without a comma: {key}={values.replace(',', '')}"
    return line


def missing_option(file: str, options: Sequence[str] = ()) -> str:
    """The line for an option that a group does not have."""
    group, _, option = file.rpartition("/")
    options = sorted(options or {file.stem for file in option_files(group)})
    near = OPTIONS.get(f"{group}={option}") or near_option(option, options)
    hint = f"; did you mean {near}?" if near else ""
    return f"{group}={option}: must be one of {', '.join(options)}{hint}"


def near_option(typed: str, options: Sequence[str]) -> str | None:
    """The option that was probably meant: one that begins alike, else one with most letters in common."""
    alike = [option for option in options if option[:ALIKE] == typed[:ALIKE]]
    return next(iter(difflib.get_close_matches(typed, alike or options, n=1, cutoff=0.0 if alike else 0.7)), None)


def unknown_key(override: str) -> str:
    """The line for an override of a key that no config has, with the nearest key that one has."""
    key, known = override.partition("=")[0], sorted(set(known_keys()))
    if key in known:
        return f"{override}: is no key of the option chosen for {key.partition('.')[0]}; {option_of(key)} has it"
    near = [KEYS[key]] if key in KEYS else difflib.get_close_matches(key, known, n=1, cutoff=0.85)
    hint = f"did you mean {near[0]}?" if near else "docs/configuration.md lists the keys"
    if key.startswith(LIGHTNINGS) and not near:
        hint = f"+{override} adds it"
    return f"{override}: is no key; {hint}"


def option_of(key: str) -> str:
    """The first option that has a key, as it is typed."""
    owners = ((group, file) for group, file in sorted(config_files()) if group and group != "experiment")
    options = (
        f"{group.replace('.', '/')}={file.stem}"
        for group, file in owners
        if key in dict(leaves(content(file), f"{group}."))
    )
    return next(options, "no option")


def known_keys() -> Iterator[str]:
    """Every group, and every key of every config file, as a user types them."""
    yield from (group for group, _ in config_files() if group)
    yield from (key for key, _ in known_values())


def known_values() -> Iterator[tuple[str, Any]]:
    """Every key of every config file, as a user types it, with the value that it has there."""
    for group, file in config_files():
        if group not in ("experiment", "hparams_search"):
            yield from leaves(content(file), f"{group}." if group else "")


def content(file: Path) -> Any:
    """What a config file holds, as plain values."""
    return OmegaConf.to_container(OmegaConf.load(file), resolve=False)
