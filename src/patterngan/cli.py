"""The command line around Hydra and the scripts: errors in one line. Imports nothing heavy."""

import difflib
import io
import os
import re
import signal
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from pathlib import Path
from typing import Any, NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, OverrideType
from hydra.errors import HydraException, InstantiationException, MissingConfigException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from patterngan import CONF
from patterngan.mistakes import hydras_mistake, raised_by_hydra, readable
from patterngan.runs.resuming import MULTIRUN, parsed, resumed
from patterngan.storage.files import FULL
from patterngan.training.signals import stop_at_once, unclaimed
from patterngan.validation import InvalidValueError, UsageError

MISTAKES = (UsageError, HydraException, OmegaConfBaseException, OSError)
"""What a user can put right: one line is enough."""

TRACEBACK = "HYDRA_FULL_ERROR"
"""The environment variable with which Hydra's users ask for tracebacks."""


def run(main: Callable[[], Any]) -> None:
    """Runs a Hydra main: a mistake of the user's ends it with one line and exit code 2."""
    if signal.SIGTERM in unclaimed():
        signal.signal(signal.SIGTERM, stop_at_once)
    try:
        with raising_hydra():
            flags, sys.argv[1:] = sorted_out(resumed(tidied(sys.argv[1:])))
            if flags.shell_completion and any(override.startswith("query=") for override in flags.overrides):
                complete(main)
            elif answers(flags):
                answer(main)
            else:
                main()
    except MISTAKES as error:
        leave(error)
    except RefusedError as refusal:
        leave(refusal.error)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not raised_by_hydra(error):
            raise
        leave(hydras_mistake(error))


def sorted_out(arguments: list[str]) -> tuple[Namespace, list[str]]:
    """Hydra's flags, and the command line with them behind the overrides: its parser refuses overrides on both sides.

    Raises:
        UsageError: for a flag that Hydra does not have, or a value that it does not take.
    """
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            flags, more = get_args_parser().parse_known_args(arguments)
    except SystemExit as exit_:
        if exit_.code:
            raise UsageError(said.getvalue().rstrip().rpartition(": error: ")[2]) from exit_
        raise
    if unknown := [argument for argument in more if argument.startswith("-")]:
        raise UsageError(f"{unknown[0]}: is no flag; python train.py --hydra-help lists them")
    flags.overrides += more
    if not flags.shell_completion:
        require_usable(flags)
    return flags, [*flags.overrides, *(argument for argument in arguments if argument not in flags.overrides)]


def require_usable(flags: Namespace) -> None:
    """Refuses what Hydra would take for something else, and what runs code that a file holds.

    Raises:
        UsageError: naming the flag or the word.
    """
    for word in flags.overrides:
        if parsed(word) is None:
            raise UsageError(f"{word if word.strip() else repr(word)}: is no override; write key=value")
    if flags.experimental_rerun is not None:
        raise UsageError("--experimental-rerun: runs what a file holds; type what its .hydra/overrides.yaml lists")
    if flags.package is not None and not flags.cfg:
        raise UsageError(f"--package={flags.package}: chooses what --cfg prints; add --cfg job")


def answers(flags: Namespace) -> bool:
    """Whether these flags ask to be told something, or contradict each other, so that Hydra trains nothing."""
    asks = flags.help or flags.hydra_help or flags.cfg or flags.info or flags.shell_completion or flags.resolve
    return bool(asks or (flags.run and flags.multirun))


def answer(main: Callable[[], Any]) -> None:
    """Prints what the flags ask for.

    Raises:
        UsageError: where Hydra raises a ValueError, or exits with what it says. A run's own would be a bug, and keep
            its traceback.
    """
    said = io.StringIO()
    try:
        try:
            with redirect_stderr(said):
                main()
            sys.stderr.write(said.getvalue())
        finally:
            sys.stdout.flush()
    except SystemExit as exit_:
        if exit_.code and not isinstance(exit_, RefusedError):
            raise UsageError(said.getvalue().rstrip()) from exit_
        raise
    except BrokenPipeError:
        leave_unread()
    except MISTAKES:
        raise
    except ValueError as error:
        raise UsageError(" ".join(str(error).split())) from error


def complete(main: Callable[[], Any]) -> None:
    """Tells a shell how its line can go on. A line that is wrong so far has no completions, and prints nothing else.

    Hydra completes the last word of what it takes for plain overrides, so what it cannot read is taken out: what is
    behind the cursor, quotes, and the `group=null` of `tidied`.
    """
    with suppress(Exception, SystemExit), redirect_stderr(io.StringIO()):
        line = os.environ["COMP_LINE"][: int(os.environ.get("COMP_POINT", sys.maxsize))]
        os.environ["COMP_LINE"] = re.sub(r"\S+=null\s|[\"']", "", line)
        main()


def leave_unread() -> None:
    """Drops what is still to be printed: a reader such as `head` has seen enough, or there is no room for it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    print(f"error: {readable(one_line(error))}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        leave_unread()
    sys.exit(getattr(error, "exit_code", 2))


def one_line(error: BaseException) -> str:
    """What went wrong: key, value, and what is allowed where that is known."""
    if isinstance(error, UsageError):
        return readable(str(error))
    text = str(error)
    if refused := refused_by_hydra(error, text):
        return refused
    if (missing := re.search(r"Could not load '(\w+)/(.*)'", text)) and (CONF / missing[1]).is_dir():  # one of a list
        return f"{missing[1]}={missing[2]}: must be one of {', '.join(options_of(missing[1]))}"
    if unknown := re.search(r"To append to your config use \+(.*)", text):
        return unknown_key(unknown[1])
    if ambiguous := re.match(r"Ambiguous value for argument '(.*)'|Sweep parameters '(.*)' requires --multirun", text):
        return f"{ambiguous[1] or ambiguous[2]}: several values at once are a sweep; add -m (a list is written [a,b])"
    if isinstance(error, OSError) and (error.filename is not None or error.errno in FULL):  # our own files are named
        return f"{error.filename or 'standard output'}: cannot be written or read ({error.strerror})"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def refused_by_hydra(error: BaseException, text: str) -> str | None:
    """What Hydra says in several lines, or without the key that was typed."""
    cause = (str(error.__cause__ or "").splitlines() or ["cannot be"])[0].rstrip(":")
    if isinstance(error, MissingConfigException) and error.options:
        found = re.match("(hydra/)?[^/]*", file := str(error.missing_cfg_file))
        group = found[0] if found else file
        return f"{group}={file.removeprefix(f'{group}/')}: must be one of {', '.join(sorted(error.options))}"
    if isinstance(error, InterpolationResolutionError) and error.full_key:
        return f"{error.full_key}: {text.splitlines()[0]}"
    if isinstance(error, InstantiationException) and error.__cause__:  # it says itself that it has one
        return cause
    merged = re.match("Error merging override (.*)", text, re.DOTALL)
    return f"{merged[1]}: {cause}" if merged else None


def options_of(group: str) -> list[str]:
    """The options of a config group."""
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def unknown_key(override: str) -> str:
    """The line for an override of a key that no config has: with the nearest that one has, if any is near."""
    key = override.partition("=")[0]
    known = set(known_keys())
    if key in known:
        return f"{override}: is no key of the option chosen for {key.partition('.')[0]}"
    near = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.85)
    hint = f"did you mean {near[0]}?" if near else "docs/configuration.md lists the keys"
    return f"{override}: is no key; {hint}"


def known_keys() -> Iterator[str]:
    """Every key of every config file and every group, as a user types them."""
    from omegaconf import OmegaConf

    for file in sorted(CONF.rglob("*.yaml")):
        group = ".".join(file.relative_to(CONF).parent.parts)
        if group:
            yield group
        if group not in ("experiment", "hparams_search"):
            yield from _flat(OmegaConf.load(file), f"{group}." if group else "")


def _flat(node: Any, prefix: str) -> Iterator[str]:
    for key in map(str, node if isinstance(node, DictConfig) else ()):
        if key not in ("defaults", "hydra", "_target_"):
            yield f"{prefix}{key}"
            yield from _flat(node._get_node(key), f"{prefix}{key}.")


class RefusedError(SystemExit):
    """An error on its way out through Hydra, which would turn a callback's into a warning and add to a run's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(2)
        self.error = error


@contextmanager
def plain_errors(mode: RunMode | None) -> Iterator[None]:
    """Around a run: its error is all that is printed. In a sweep Hydra says whose it was, and goes on."""
    try:
        yield
    except MISTAKES as error:
        if mode != RunMode.MULTIRUN:
            raise RefusedError(error) from error
        if isinstance(error, UsageError):
            error.exit_code = 1  # the command was right, one of its runs was not
        raise


class CheckBeforeRun(Callback):
    """Refuses an impossible config before Hydra makes a folder for it."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Assembles the run once, to throw it away."""
        from patterngan.runs.run import prepare, require_unused, require_writable
        from patterngan.storage.locking import locked

        with plain_errors(RunMode.RUN):
            prepare(config)
            if not config.hydra.run.dir:
                raise InvalidValueError("hydra.run.dir", config.hydra.run.dir, "must name a folder")
            require_writable(folder := Path(config.hydra.run.dir))
            with locked(folder):
                require_unused(folder, config.ckpt_path)


class ReportSweep(Callback):
    """Shows and writes what a sweep found, whoever launched it."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """See `sweeps.page`."""
        from patterngan.reporting.console import table_console
        from patterngan.reporting.sweep_page import report_sweep

        with plain_errors(RunMode.RUN):
            report_sweep(Path(str(config.hydra.sweep.dir)), table_console())


def require_option(override: Override) -> None:
    """Refuses a value that names no option where a group is chosen.

    Raises:
        UsageError: naming the group and its options.
    """
    group = override.key_or_group
    if not (CONF / group).is_dir() or override.type == OverrideType.DEL or isinstance(override.value(), Glob):
        return
    value: Any = override.value()
    chosen = value.list if isinstance(value, ChoiceSweep) else value if isinstance(value, list) else [value]
    if group == "hydra" or not (
        isinstance(value, dict) or all(isinstance(option, str | list | None) for option in chosen)
    ):
        raise UsageError(f"{override.input_line}: must be {allowed_options(group)}")


def allowed_options(group: str) -> str:
    """What a group takes, in words."""
    if group == "hydra":
        return "typed key by key, such as hydra.run.dir=folder"
    if group.startswith("hydra/"):  # Hydra and its plugins have options of their own
        return "an option that python train.py --hydra-help lists"
    return f"one of {', '.join(options_of(group))}"


def tidied(arguments: list[str]) -> list[str]:
    """A command line as Hydra takes it: `-m` in front, and `group=null` with the meaning it has for Hydra's users.

    Raises:
        UsageError: for an override that Hydra's grammar refuses, what is no option of a group, or a group without
            which nothing can be trained.
    """
    multirun = [argument for argument in arguments if argument in MULTIRUN]
    kept = []
    for argument in arguments:
        group, _, option = argument.partition("=")
        if argument in multirun or argument == "--":  # there are no files to tell from flags
            continue
        if "=" in argument and not argument.startswith("-"):
            if (override := parsed(argument)) is None:
                raise UsageError(f"{argument}: is no override; quote a value with other signs twice: \"key='value'\"")
            if option != "null":
                require_option(override)
        if option != "null" or not group or not (CONF / group).is_dir():
            kept.append(argument)
        elif group in ("logger", "callbacks"):
            kept.append(f"~{group}")
        elif group not in ("experiment", "hparams_search"):
            raise UsageError(f"{argument}: must be {allowed_options(group)}")
    return [*multirun, *kept]


def script(main: Callable[[], None]) -> None:
    """Runs a script's main: a mistake of the user's ends it with one line and exit code 2."""
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:
        leave_unread()
    except MISTAKES as error:
        leave(error)
    except KeyboardInterrupt:
        sys.exit(130)
