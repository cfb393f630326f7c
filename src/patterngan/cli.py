"""The command line around Hydra and the scripts: a mistake is one line with exit code 2. Imports nothing heavy."""

import atexit
import gc
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig

from patterngan.paths import program
from patterngan.reporting.errors import message
from patterngan.reporting.meant import meant
from patterngan.runs.resuming import MULTIRUN, resumed
from patterngan.sweeps.hydra_callbacks import MISTAKES, RefusedError
from patterngan.training.stopping import stop_at_once, unclaimed_signals
from patterngan.validation import UsageError, legible

COMMANDS = ("generate", "evaluate", "export", "report", "figures")
"""The scripts of scripts/ that an installed patterngan has as commands."""

TRACEBACK = "HYDRA_FULL_ERROR"
"""The environment variable with which Hydra's users ask for tracebacks."""

WAITING = "OMP_WAIT_POLICY"
"""The environment variable that says how OpenMP's threads wait for each other; PyTorch reads it when it is imported."""

COLLECT_AFTER = 10_000
"""New objects after which Python looks for garbage; its own 700 are few where libraries make half a million at once."""

WHILE_IMPORTING = 1_000_000
"""The same until the libraries of a run are imported, which make 0.7 million."""


def command() -> None:
    """The command `patterngan`: `patterngan train` is `python train.py`, `patterngan NAME` `python scripts/NAME.py`."""
    names = ("train", *COMMANDS)
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("--help", "-h"):
        print(f"usage: patterngan COMMAND …; a command is one of {', '.join(names)}, and each has a --help")
    elif name == "--version":
        print(f"patterngan {version('patterngan')}")
    elif name not in names:
        leave(UsageError(f"patterngan {name}: must be one of {', '.join(names)}"))
    else:
        sys.argv[:2] = [f"patterngan {name}"]
        runpy.run_path(str(program(name)), run_name="__main__")


def run(main: Callable[[], Any]) -> None:
    """Runs a Hydra main. A mistake of the user's ends it with one line and exit code 2."""
    wait_asleep()
    collect_rarely(WHILE_IMPORTING)
    if signal.SIGTERM in unclaimed_signals():
        signal.signal(signal.SIGTERM, stop_at_once)
    with exit_codes():
        call(main, sys.argv[1:])


def call(main: Callable[[], Any], arguments: list[str]) -> None:
    """Calls a Hydra main with a command line; raises what is wrong with it."""
    with hydra_errors():
        typed = resumed(list(map(meant, arguments)))
        # Hydra's parser takes no overrides on both sides of a flag.
        sys.argv[1:] = sorted(typed, key=lambda argument: argument not in MULTIRUN)
        try:
            main()
        finally:
            HydraConfig.instance().cfg = None  # which Hydra leaves set after a sweep


def script(main: Callable[[], None]) -> None:
    """Runs a script's main. A mistake of the user's ends it with one line and exit code 2."""
    wait_asleep()
    collect_rarely()
    with exit_codes():
        main()
        sys.stdout.flush()


def wait_asleep() -> None:
    """Lets PyTorch's threads sleep while they wait: by default they spin, and take the cores that others compute on."""
    os.environ.setdefault(WAITING, "passive")


def collect_rarely(after: int = COLLECT_AFTER) -> None:
    """Saves the time in which Python looks for garbage among imported libraries: a third of the time to import them.

    What is imported stays until the process ends, and is then freed with it. `after`: see `COLLECT_AFTER`.
    """
    gc.set_threshold(after)
    atexit.register(gc.freeze)


def collect_again() -> None:
    """Has Python look for garbage again, among new objects: the libraries of a run are imported now."""
    if gc.get_threshold()[0] == WHILE_IMPORTING:
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Ends the process with an error's line and exit code."""
    try:
        yield
    except BrokenPipeError as error:
        if error.filename is not None:  # a run that cannot print has failed
            leave(error)
        drop_output()
    except MISTAKES as error:
        leave(error)
    except RefusedError as refusal:
        leave(refusal.error)
    except Exception as error:
        if not raised_by_hydra(error):
            raise
        leave(error)
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def hydra_errors() -> Iterator[None]:
    """Lets Hydra raise its errors, where it would print several lines of each and exit with 1."""
    before = os.environ.get(TRACEBACK)
    os.environ[TRACEBACK] = "1"
    try:
        yield
    finally:
        del os.environ[TRACEBACK]
        if before is not None:
            os.environ[TRACEBACK] = before


def raised_by_hydra(error: Exception) -> bool:
    """Whether the error comes from Hydra's own code, as for flags that do not go together."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals["__name__"]).startswith("hydra.")


def leave(error: Exception) -> NoReturn:
    """Prints an error, after its traceback where that is wanted, and exits with its code."""
    if os.environ.get(TRACEBACK) == "1":
        traceback.print_exception(error)
    print(f"error: {legible(message(error))}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        drop_output()
    sys.exit(getattr(error, "exit_code", 2))


def drop_output() -> None:
    """Drops what is still to be printed: a reader such as `head` has closed the pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
