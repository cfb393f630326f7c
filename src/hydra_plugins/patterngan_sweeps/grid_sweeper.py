"""`hydra/sweeper=grid`, the default: combinations of the swept values."""

import os
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus, setup_globals
from omegaconf import DictConfig

from hydra_plugins.patterngan_sweeps.fused_launcher import FusedLauncher
from patterngan.packages import is_group
from patterngan.storage.settings import plain
from patterngan.sweeps.combinations import Combinations, combinations, excluded_values, zipped_keys
from patterngan.sweeps.hydra_callbacks import FailedRunsError
from patterngan.sweeps.hydra_jobs import basic_sweeper, job_error, note_sweep
from patterngan.validation import InvalidValueError, UsageError, boolean, integer

if TYPE_CHECKING:
    from patterngan.sweeps.planning import Plan

NOTHING_SWEPT = (
    "nothing is swept; give a key several values, such as lr=1e-4,1e-3 pattern.k=2,3,5 or 'seed=range(0,8)', "
    "or leave -m out"
)

Batch = tuple[int, list[list[str]]]
"""The number of a batch's first job, and the overrides of its jobs."""


class GridSweeper(basic_sweeper.BasicSweeper):
    """Hydra's basic sweeper, with these differences.

    Keys can advance together, combinations can be left out, and the first failure can end the sweep; without
    `fail_fast`, a job that fails does not keep later batches from running. A sweep of no key is refused where it would
    be a run in this process. Nothing is written before all jobs are known to compose, to have folders of their own, and
    not to mix with another sweep. `on_multirun_end` is called, and the sweep reported, also when jobs failed.
    """

    tells_how_to_go_on = True
    """Once all jobs are known to be possible; see `hydra_callbacks.ReportSweep`."""

    def __init__(
        self, max_batch_size: int | None, params: dict[str, str] | None, zip: Any, exclude: Any, fail_fast: bool
    ) -> None:
        super().__init__(max_batch_size, params)
        self.fail_fast = fail_fast  # the other two are read from the config, where they are checked

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Launches the jobs and returns what became of them, a list for each batch.

        Raises:
            FailedRunsError: if jobs failed.
        """
        assert self.config is not None
        assert self.hydra_context is not None
        self._check_options()
        made = self.combinations(arguments)
        planned = self._plan(made.runs)
        self._say(made)
        if not isinstance(self.launcher, FusedLauncher):  # which does the same
            Path(str(self.config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
            note_sweep(self.config)
        returns, failed = self._launch(self._batches(made.runs, planned), earlier=planned.results.keys())
        if failed:
            self.hydra_context.callbacks.on_multirun_end(config=self.config)
            raise FailedRunsError(self._failure(planned, failed))
        return returns

    def _check_options(self) -> None:
        if self.max_batch_size is not None:
            integer("hydra.sweeper.max_batch_size", self.max_batch_size, 1)
        boolean("hydra.sweeper.fail_fast", self.fail_fast)
        params: object = self.params  # whatever was typed
        if params is not None and not isinstance(params, Mapping):
            allowed = 'must be null or swept keys with their values: {lr: "1e-4,1e-3"}'
            raise InvalidValueError("hydra.sweeper.params", params, allowed)
        assert self.config is not None
        if not self.config.hydra.sweep.dir:
            raise InvalidValueError("hydra.sweep.dir", self.config.hydra.sweep.dir, "must name a folder")

    def combinations(self, arguments: list[str]) -> Combinations:
        """The overrides of every job.

        Raises:
            UsageError: see `combinations.combinations`; also if no key is swept.
        """
        assert self.config is not None
        assert self.hydra_context is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        # With launchers of Hydra's, -m is also how a single run gets to another process or machine.
        if isinstance(self.launcher, FusedLauncher) and not any(map(Override.is_sweep_override, overrides)):
            raise UsageError(f"-m: {why_nothing_is_swept(overrides)}")
        options = self.config.hydra.sweeper
        zipped, excluded = zipped_keys(plain(options, "zip")), excluded_values(plain(options, "exclude"))
        return combinations(overrides, zipped, excluded)

    def _plan(self, runs: list[list[str]]) -> "Plan":
        """Composes and checks all jobs."""
        if isinstance(self.launcher, FusedLauncher):
            return self.launcher.plan(runs, 0)  # which it launches next, if they are one batch
        from patterngan.sweeps.planning import Sweep, plan

        setup_globals()
        assert self.config is not None
        assert self.hydra_context is not None
        return plan(Sweep(self.hydra_context, _no_task, self.config), runs, 0)

    def _say(self, made: Combinations) -> None:
        """Prints why there are so many runs, and how to go on: a sweep that is killed can say nothing any more."""
        from rich.console import Console

        from patterngan.reporting.commands import sweep_resume_hint
        from patterngan.reporting.console import show

        assert self.config is not None
        if made.reasons:
            show(Console(), str(made))
        show(Console(), f"if it is stopped, {sweep_resume_hint(self.config)}")

    def _batches(self, runs: list[list[str]], planned: "Plan") -> list[Batch]:
        size = self.max_batch_size
        if self.fail_fast and not isinstance(self.launcher, FusedLauncher):  # which stops by itself
            assert self.config is not None
            size = jobs_at_a_time(self.config.hydra, size)
        impossible = sorted(planned.reasons.keys() - planned.results.keys())
        known = [(number, [runs[number]]) for number in impossible[:1] if self.fail_fast]  # the end, before all others
        if size is None:
            return [*known, (0, runs)]
        return [*known, *((first, runs[first : first + size]) for first in range(0, len(runs), size))]

    def _launch(
        self, batches: Sequence[Batch], earlier: Set[int]
    ) -> tuple[list[Sequence[JobReturn]], dict[int, JobReturn]]:
        """Launches batches; returns what became of their jobs, and of those that failed by their numbers.

        `earlier`: the jobs that ended at an earlier start. Their failures do not end the sweep.
        """
        assert self.launcher is not None
        returns: list[Sequence[JobReturn]] = []
        failed: dict[int, JobReturn] = {}
        for first, batch in batches:
            returns.append(self.launcher.launch(batch, initial_job_idx=first))
            numbered = enumerate(returns[-1], first)
            failed |= {number: one for number, one in numbered if one.status == JobStatus.FAILED}
            if self.fail_fast and not failed.keys() <= earlier:
                break
        return returns, failed

    def _failure(self, planned: "Plan", failed: Mapping[int, JobReturn]) -> str:
        """The line of a sweep with failed jobs."""
        from patterngan.storage.results import FILE

        jobs, new = planned.jobs, sorted(failed.keys() - planned.results.keys())
        if not (self.fail_fast and new):
            return f"{len(failed)} of {len(jobs)} runs failed; the table above says why"
        name, error = jobs[new[0]].folder.relative_to(planned.sweep.folder), job_error(failed[new[0]])
        ended = sum((job.folder / FILE).exists() for job in jobs)
        return f"run {name} failed ({str(error) or repr(error)}); {ended} of {len(jobs)} runs have ended"


def why_nothing_is_swept(overrides: Sequence[Override]) -> str:
    """What to type in place of overrides of which none has several values."""
    for override in overrides:
        if isinstance(override.value(), list) and not is_group(override.key_or_group):
            listed = override.get_value_element_as_str()
            return f"nothing is swept: {listed} is one value; write {override.key_or_group}={listed[1:-1]}"
    return NOTHING_SWEPT


def jobs_at_a_time(hydra: DictConfig, most: int | None) -> int:
    """How many jobs a launcher of Hydra's gets, which returns when all of them have ended, where one may be the last.

    As many as it runs at a time, where that is known; else `most`, the size of a batch, or one.
    """
    workers: int | None = hydra.launcher.get("n_jobs")  # of joblib; negative where it leaves cores free
    if workers is None:
        return 1 if hydra.runtime.choices["hydra/launcher"] == "basic" else most or 1
    workers = workers if workers > 0 else max(1, (os.cpu_count() or 1) + 1 + workers)
    return min(workers, most or workers)


def _no_task(config: Any) -> None:
    raise NotImplementedError
