"""`hydra/launcher=fused`, the default: runs that can train as one population do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn, configure_log, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from typing_extensions import override

from patterngan.validation import InvalidValueError, choice, integer

if TYPE_CHECKING:
    from patterngan.sweeps.planning import Plan


class FusedLauncher(Launcher):
    """Trains jobs together where they can be, the others one by one; see `patterngan.sweeps.launching`."""

    def __init__(self, max_members: int | None, engine: str, address: str | None) -> None:
        self.max_members, self.engine, self.address = max_members, engine, address
        self._planned: tuple[Sequence[Sequence[str]], Plan] | None = None

    @override
    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        # Options are checked here, where Hydra does not wrap the error.
        if self.max_members is not None:
            integer("hydra.launcher.max_members", self.max_members, 1)
        choice("hydra.launcher.engine", self.engine, ("local", "ray"))
        if self.address is not None and not (self.engine == "ray" and isinstance(self.address, str)):
            allowed = "must be null, or the address of a Ray cluster for hydra.launcher.engine=ray"
            raise InvalidValueError("hydra.launcher.address", self.address, allowed)
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def plan(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> "Plan":
        """Composes and checks jobs that are to be launched next; see `planning.plan`."""
        from patterngan.sweeps.engines import Local, Ray
        from patterngan.sweeps.planning import Sweep, plan

        setup_globals()
        sweep = Sweep(self.hydra_context, self.task_function, self.config)
        self._planned = job_overrides, plan(sweep, job_overrides, initial_job_idx)
        self._engine = Local() if self.engine == "local" else Ray(self.address)
        return self._planned[1]

    @override
    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from patterngan.cli import collect_again
        from patterngan.sweeps.launching import launch

        collect_again()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        if self._planned is None or self._planned[0] is not job_overrides:
            self.plan(job_overrides, initial_job_idx)
        assert self._planned is not None
        try:
            return launch(self._planned[1], self.max_members, self._engine)
        finally:  # jobs have logs of their own
            configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
