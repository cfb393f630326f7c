"""Hydra's callbacks around runs and sweeps. Imports nothing heavy before a run starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from typing_extensions import override

from patterngan.validation import InvalidValueError, UsageError

if TYPE_CHECKING:
    from patterngan.runs.run import Run

MISTAKES = (UsageError, HydraException, OmegaConfBaseException, OSError)
"""The errors that a user can put right."""


class RefusedError(SystemExit):
    """Carries an error through Hydra, which makes a warning of a callback's error and adds lines to a run's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(2)
        self.error = error


class FailedRunsError(UsageError):
    """The command was right, some of the sweep's runs were not."""

    exit_code = 1


@contextmanager
def plain_errors(mode: RunMode | None) -> Iterator[None]:
    """Around a run: its error is all that is printed. In a sweep Hydra says whose error it was, and goes on."""
    try:
        yield
    except MISTAKES as error:
        if mode != RunMode.MULTIRUN:
            raise RefusedError(error) from error
        if isinstance(error, UsageError):
            error.exit_code = 1  # the command was right, one of its runs was not
        raise


class CheckBeforeRun(Callback):
    """Prepares a run before Hydra makes a folder for it, so that an impossible config leaves nothing behind."""

    prepared: ClassVar["Run | None"] = None
    """The run that was prepared last, for `train.py` to train: Hydra hands nothing from a callback to its task."""

    @override
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        from patterngan.runs.run import prepare, require_unused
        from patterngan.storage.files import locked

        with plain_errors(RunMode.RUN):
            if not config.hydra.run.dir:
                raise InvalidValueError("hydra.run.dir", config.hydra.run.dir, "must name a folder")
            folder = Path(config.hydra.run.dir)
            with locked(folder):
                CheckBeforeRun.prepared = prepare(config, folder, list(config.hydra.overrides.task))
                require_unused(folder, config.ckpt_path)


class ReportSweep(Callback):
    """Prints the table of a sweep and writes its page, whichever launcher ran it.

    Before, it prints how to go on with the sweep, and notes what was typed, unless the sweeper does.
    """

    @override
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        if getattr(get_class(config.hydra.sweeper._target_), "tells_how_to_go_on", False):
            return
        from rich.console import Console

        from patterngan.reporting.commands import sweep_resume_hint
        from patterngan.reporting.console import show
        from patterngan.sweeps.hydra_jobs import note_sweep

        with plain_errors(RunMode.RUN):
            Path(str(config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
            note_sweep(config)
        show(Console(), f"if it is stopped, {sweep_resume_hint(config)}")

    @override
    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        from patterngan.reporting.console import table_console
        from patterngan.reporting.sweep_page import report_sweep
        from patterngan.runs.instantiate import foreign_packages
        from patterngan.storage.settings import SETTINGS

        with plain_errors(RunMode.RUN):
            task: Any = OmegaConf.to_container(config, resolve=False)
            trust = foreign_packages({key: task.get(key) for key in SETTINGS})
            folder = Path(str(config.hydra.sweep.dir))
            report_sweep(folder, table_console(), trust=trust)
