"""The command line around Hydra: errors in one line, and resuming. Imports nothing heavy."""

import argparse
import difflib
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from patterngan.validation import UsageError

TRACEBACK = "HYDRA_FULL_ERROR"
"""The environment variable with which Hydra's users ask for tracebacks."""

CONF = Path(__file__).parents[2] / "conf"
"""The config groups of a checkout, in which the package is installed in place."""


def run(main: Callable[[], Any]) -> None:
    """Runs a Hydra main: a mistake of the user's ends it with one line and exit code 2."""
    try:
        with raising_hydra():
            require_options(sys.argv[1:])
            sys.argv[1:] = resumed(sys.argv[1:])
            main()
    except (UsageError, HydraException, OmegaConfBaseException, OSError) as error:
        leave(error)
    except RefusedError as refusal:
        leave(refusal.error)
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def raising_hydra() -> Iterator[None]:
    """Lets Hydra raise its errors, where it would print several lines of each and exit with 1."""
    before = os.environ.get(TRACEBACK)
    os.environ[TRACEBACK] = "1"
    try:
        yield
    finally:
        del os.environ[TRACEBACK]
        if before is not None:
            os.environ[TRACEBACK] = before


def leave(error: Exception) -> NoReturn:
    """Prints an error's one line, after its traceback where that is wanted, and exits with its code."""
    if os.environ.get(TRACEBACK) == "1":
        traceback.print_exception(error)
    print(f"error: {one_line(error)}", file=sys.stderr)
    sys.exit(getattr(error, "exit_code", 2))


def one_line(error: BaseException) -> str:
    """What went wrong: key, value, and what is allowed where that is known."""
    if isinstance(error, MissingConfigException) and error.options:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        return f"{group}={name}: must be one of {', '.join(sorted(error.options))}"
    text = str(error)
    if unknown := re.search(r"To append to your config use \+(.*)", text):
        return unknown_key(unknown[1])
    if ambiguous := re.match(r"Ambiguous value for argument '(.*)'", text):
        return f"{ambiguous[1]}: several values at once are a sweep; add -m (a list is written [a,b])"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: cannot be written or read ({error.strerror})"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def unknown_key(override: str) -> str:
    """The line for an override of a key that no config has: with the nearest that one has, if any is near."""
    key = override.partition("=")[0]
    near = difflib.get_close_matches(key, list(known_keys()), n=1, cutoff=0.8)
    hint = f"did you mean {near[0]}?" if near else "python train.py --help lists the keys"
    return f"{override}: is no key; {hint}"


def known_keys() -> Iterator[str]:
    """Every key of every config file and every group, as a user types them."""
    from omegaconf import OmegaConf

    for file in sorted(CONF.rglob("*.yaml")):
        group = ".".join(file.relative_to(CONF).parent.parts)
        if group:
            yield group
        if group != "experiment":
            yield from _flat(OmegaConf.load(file), f"{group}." if group else "")


def _flat(node: Any, prefix: str) -> Iterator[str]:
    for key in map(str, node if isinstance(node, DictConfig) else ()):
        if key not in ("defaults", "hydra", "_target_"):
            yield f"{prefix}{key}"
            yield from _flat(node._get_node(key), f"{prefix}{key}.")


class RefusedError(SystemExit):
    """An error on its way out through Hydra, which would turn a callback's into a warning and add to a run's."""

    def __init__(self, error: UsageError) -> None:
        super().__init__(error.exit_code)
        self.error = error


@contextmanager
def plain_errors(mode: RunMode | None) -> Iterator[None]:
    """Around a run: its error is all that is printed. In a sweep Hydra says whose it was, and goes on."""
    try:
        yield
    except UsageError as error:
        if mode == RunMode.MULTIRUN:
            error.exit_code = 1  # the command was right, one of its runs was not
            raise
        raise RefusedError(error) from error


class CheckBeforeRun(Callback):
    """Refuses an impossible config before Hydra makes a folder for it."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Assembles the run once, to throw it away."""
        from patterngan.training import prepare

        with plain_errors(RunMode.RUN):
            prepare(config)


def require_options(arguments: list[str]) -> None:
    """Refuses `group=null`, which Hydra answers with a traceback.

    Raises:
        UsageError: listing the group's options.
    """
    for argument in arguments:
        group, _, option = argument.partition("=")
        if option == "null" and (CONF / group).is_dir():
            options = sorted(file.stem for file in (CONF / group).glob("*.yaml"))
            raise UsageError(f"{argument}: must be one of {', '.join(options)}")


def resumed(arguments: list[str]) -> list[str]:
    """The command line with which a run goes on, where `ckpt_path=` asks for that; else as it is.

    What was typed to start the run comes first, what is typed now wins, and the run's own folder is used
    again. Overrides out of a checkpoint may choose values and options but name no code.
    """
    typed = [argument for argument in arguments if "=" in argument and not argument.startswith("-")]
    path = next((value for key, value in map(_parsed, typed) if key == "ckpt_path"), None)
    if not isinstance(path, str) or not path or not Path(path).exists():
        return arguments  # a missing file is reported with the other values
    from patterngan import checkpoints

    try:
        checkpoint = checkpoints.read(Path(path))
    except UsageError as error:
        raise UsageError(f"ckpt_path={error}") from error
    now = {key for key, _ in map(_parsed, typed)}
    before = [old for old in checkpoint.overrides if _parsed(old)[0] not in now and _is_harmless(old)]
    folder = checkpoints.run_folder(checkpoint.path)
    if folder is not None and not {"-m", "--multirun"} & set(arguments):
        before.append("hydra.run.dir=" + quoted(str(folder)))
    return [*before, *arguments]


def shown(path: Path) -> str:
    """A path as short as the user would type it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def quoted(value: str) -> str:
    """A value as Hydra's override grammar reads it literally."""
    # A backslash stands for itself, except before a quote.
    return "'" + re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + "\\'" * bool(found[2]), value) + "'"


def _parsed(override: str) -> tuple[str, object]:
    parsed = OverridesParser.create().parse_override(override)
    return parsed.key_or_group, parsed.value()


def _is_harmless(override: str) -> bool:
    key = override.lstrip("+~")
    return not key.startswith(("hydra", "ckpt_path")) and "_target_" not in override


class OneLineParser(argparse.ArgumentParser):
    """argparse, with errors in one line."""

    def error(self, message: str) -> NoReturn:
        """Exits with 2."""
        self.exit(2, f"error: {message}\n")


def positive(text: str) -> int:
    """An argument that counts something.

    Raises:
        ArgumentTypeError: unless it is an integer ≥ 1.
    """
    if text.isascii() and text.isdigit() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} must be an integer ≥ 1")


def seed(text: str) -> int:
    """An argument that seeds random numbers.

    Raises:
        ArgumentTypeError: unless it is an integer from 0 to 2^63 − 1.
    """
    if text.isascii() and text.isdigit() and int(text) < 2**63:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} must be an integer from 0 to 2^63 − 1")


def script(main: Callable[[], None]) -> None:
    """Runs a script's main: a mistake of the user's ends it with one line and exit code 2."""
    try:
        main()
    except (UsageError, OSError) as error:
        leave(error)
    except KeyboardInterrupt:
        sys.exit(130)
