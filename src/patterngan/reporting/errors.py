"""The line that a user reads of an error. Imports nothing heavy."""

import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from hydra.errors import MissingConfigException
from omegaconf import OmegaConf

from patterngan.packages import config_files, is_group, option_files
from patterngan.storage.files import DISK_ERRORS
from patterngan.storage.settings import leaves
from patterngan.validation import UsageError, readable

LIGHTNINGS = ("trainer.", "callbacks.", "logger.")
"""Beginnings of keys that may hold more than conf/ has: arguments, callbacks and loggers of Lightning's."""


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
        return f"{several[1] or several[2]}: several values at once are a sweep; add -m (a list is written [a,b])"
    if merged := re.match(r"Error merging override (.*)", text):
        return f"{merged[1]}: {str(error.__cause__).splitlines()[0]}"
    if isinstance(error, OSError) and (error.filename is not None or error.errno in DISK_ERRORS):
        return f"{error.filename or 'the output'}: cannot be written or read ({error.strerror})"
    return text or type(error).__name__


def missing_option(file: str, options: Sequence[str] = ()) -> str:
    """The line for an option that a group does not have."""
    group, _, option = file.rpartition("/")
    options = sorted(options or {file.stem for file in option_files(group)})
    return f"{group}={option}: must be one of {', '.join(options)}"


def unknown_key(override: str) -> str:
    """The line for an override of a key that no config has, with the nearest key that one has."""
    key, known = override.partition("=")[0], sorted(set(known_keys()))
    if key in known:
        return f"{override}: is no key of the option chosen for {key.partition('.')[0]}"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.85)
    hint = f"did you mean {near[0]}?" if near else "docs/configuration.md lists the keys"
    if key.startswith(LIGHTNINGS) and not near:
        hint = f"+{override} adds it"
    return f"{override}: is no key; {hint}"


def known_keys() -> Iterator[str]:
    """Every group, and every key of every config file, as a user types them."""
    for group, file in config_files():
        if group:
            yield group
        if group not in ("experiment", "hparams_search"):
            content: Any = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
            yield from (key for key, _ in leaves(content, f"{group}." if group else ""))
