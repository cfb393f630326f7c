"""`hydra/sweeper=grid`, the default: every combination of the swept values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus, setup_globals
from omegaconf import OmegaConf

from hydra_plugins.patterngan_sweeps.fused_launcher import FusedLauncher
from patterngan.packages import is_group
from patterngan.storage.files import naming
from patterngan.sweeps.hydra_jobs import basic_sweeper
from patterngan.validation import InvalidValueError, UsageError, integer

if TYPE_CHECKING:
    from patterngan.runs.job import Job

NOTHING_SWEPT = (
    "nothing is swept; give a key several values, such as lr=1e-4,1e-3 pattern.k=2,3,5 or 'seed=range(0,8)', "
    "or leave -m out"
)


class FailedRunsError(UsageError):
    """The command was right, some of its runs were not."""

    exit_code = 1


class GridSweeper(basic_sweeper.BasicSweeper):
    """Hydra's basic sweeper, with four differences.

    A sweep of no key is refused where it would be a run in this process. Nothing is written before all jobs are
    known to compose, to have folders of their own, and not to mix with another sweep. A job that fails does not keep
    later batches from running. `on_multirun_end` is called, and the sweep reported, also when jobs failed.
    """

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Launches all jobs and returns what became of them, a list for each batch.

        Raises:
            FailedRunsError: if jobs failed.
        """
        assert self.config is not None
        assert self.launcher is not None
        assert self.hydra_context is not None
        self._check_options()
        batches = self.batches(arguments)
        self._check(batches)
        self._say_how_to_go_on()
        folder = Path(str(self.config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        with naming(folder / "multirun.yaml"):
            OmegaConf.save(self.config, folder / "multirun.yaml")
        returns: list[Sequence[JobReturn]] = []
        for batch in batches:
            returns.append(self.launcher.launch(batch, initial_job_idx=sum(map(len, returns))))
        failed = sum(one.status != JobStatus.COMPLETED for batch in returns for one in batch)
        if failed:
            self.hydra_context.callbacks.on_multirun_end(config=self.config)
            raise FailedRunsError(f"{failed} of {sum(map(len, returns))} runs failed; the table above says why")
        return returns

    def _say_how_to_go_on(self) -> None:
        """Now: a sweep that is killed can say nothing any more."""
        from rich.console import Console

        from patterngan.reporting.commands import sweep_resume_hint
        from patterngan.reporting.console import show

        assert self.config is not None
        show(Console(), f"if it is stopped, {sweep_resume_hint(self.config)}")

    def batches(self, arguments: list[str]) -> list[list[list[str]]]:
        """The overrides of every job, in batches.

        Raises:
            UsageError: if a swept key has no value, a group's is null, or no key is swept.
        """
        assert self.hydra_context is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        for override in overrides:
            try:
                values = list(override.sweep_string_iterator()) if override.is_discrete_sweep() else ["one"]
            except ValueError as error:
                raise UsageError(f"{override.input_line}: cannot be swept ({error})") from error
            if not values:
                raise UsageError(f"{override.input_line}: is empty; a sweep needs at least one value")
            if "null" in values and is_group(override.key_or_group):  # which Hydra's defaults list cannot take
                raise UsageError(f"{override.input_line}: null is no option; a sweep without this key has none")
        # With launchers of Hydra's, -m is also how a single run gets to another process or machine.
        if isinstance(self.launcher, FusedLauncher) and not any(map(Override.is_sweep_override, overrides)):
            raise UsageError(f"-m: {NOTHING_SWEPT}")
        return self.split_arguments(overrides, self.max_batch_size)

    def _check_options(self) -> None:
        if self.max_batch_size is not None:
            integer("hydra.sweeper.max_batch_size", self.max_batch_size, 1)
        params: object = self.params  # whatever was typed
        if params is not None and not isinstance(params, Mapping):
            allowed = 'must be null or swept keys with their values: {lr: "1e-4,1e-3"}'
            raise InvalidValueError("hydra.sweeper.params", params, allowed)
        assert self.config is not None
        if not self.config.hydra.sweep.dir:
            raise InvalidValueError("hydra.sweep.dir", self.config.hydra.sweep.dir, "must name a folder")

    def _check(self, batches: list[list[list[str]]]) -> None:
        from patterngan.sweeps.planning import Sweep, plan, require_own_folders

        setup_globals()
        assert self.config is not None
        assert self.hydra_context is not None
        sweep = Sweep(self.hydra_context, _no_task, self.config)
        jobs: list[Job] = []
        for batch in batches:
            if isinstance(self.launcher, FusedLauncher):
                jobs += self.launcher.plan(batch, len(jobs)).jobs  # which it may launch next
            else:
                jobs += plan(sweep, batch, len(jobs)).jobs
        require_own_folders(sweep.folder, jobs)


def _no_task(config: Any) -> None:
    raise NotImplementedError
