"""Planning a sweep: its jobs, composed and checked, and where each stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from patterngan.population.snapshots import scatter
from patterngan.population.training import without_seed
from patterngan.runs.assembly import build_optimizers, checked_seed, run_spec
from patterngan.runs.job import Job
from patterngan.runs.memory import require_memory
from patterngan.runs.run import prepare
from patterngan.runs.trainer_arguments import accelerator
from patterngan.storage.files import locked
from patterngan.sweeps.hydra_jobs import Composer, hydra_config, interpolations_parsed_once
from patterngan.sweeps.jobs import describe_job
from patterngan.sweeps.resuming import earlier_result
from patterngan.validation import UsageError


@dataclass(frozen=True)
class Sweep:
    """What Hydra tells its launchers of a sweep."""

    context: HydraContext
    task: TaskFunction
    master: DictConfig
    """The config of the sweep itself."""

    @property
    def folder(self) -> Path:
        """The folder of the sweep."""
        return Path(str(self.master.hydra.sweep.dir)).absolute()

    @property
    def fail_fast(self) -> bool:
        """Whether the sweep ends at the first failure."""
        return bool(OmegaConf.select(self.master, "hydra.sweeper.fail_fast"))  # other sweepers have no such key

    @property
    def snapshots(self) -> Path:
        """The folder in which populations keep their snapshots and manifests while they train."""
        return self.folder / ".fused"


@dataclass(frozen=True)
class Plan:
    """The jobs of a sweep, and what is known of each by its number."""

    sweep: Sweep
    composer: Composer
    jobs: list[Job]
    results: dict[int, dict[str, Any]]
    """The result.json of the jobs that have ended."""
    reasons: dict[int, str]
    """Why a job cannot be run."""

    def waits(self, job: Job) -> bool:
        """Whether a job can be run and has not ended."""
        return job.number not in self.results and job.number not in self.reasons


@interpolations_parsed_once()
def plan(sweep: Sweep, job_overrides: Sequence[Sequence[str]], first: int) -> Plan:
    """Composes and checks the jobs. Writes nothing but the checkpoints of populations that an earlier start left.

    Raises:
        HydraException: for overrides that no job can have.
        UsageError: for a folder that a job cannot have.
    """
    composer = Composer(sweep.context.config_loader, sweep.master)
    jobs: list[Job] = []
    reasons: dict[int, str] = {}
    valid: set[str] = set()
    for number, overrides in enumerate(job_overrides, first):
        config = composer.compose(overrides, number)
        with hydra_config(config):
            jobs.append(describe_job(config, number))
            if reason := _why_impossible(config, jobs[-1], valid):
                reasons[number] = reason
    require_own_folders(sweep.folder, jobs)
    with locked(sweep.folder):
        scatter_all(sweep.snapshots)
        results = {job.number: earlier_result(job.folder, job.settings) for job in jobs}
    ended = {number: result for number, result in results.items() if result is not None}
    return Plan(sweep, composer, jobs, ended, reasons)


def scatter_all(snapshots: Path) -> None:
    """Writes the checkpoints of all populations' members into their folders."""
    for file in sorted(snapshots.glob("*.ckpt")):
        scatter(file)


def _why_impossible(config: DictConfig, job: Job, valid: set[str]) -> str | None:
    """Why a job cannot be run; None if it can. `valid` remembers what was checked for other jobs."""
    # What jobs share is checked once: all but the optimizers of those that differ in learning rates, say.
    settings, runtime = without_seed(job.settings), without_seed(job.runtime)
    networks = without_seed({key: job.settings[key] for key in job.settings.keys() - {"lr", "optimizer"}})
    try:
        if runtime not in valid or config.ckpt_path is not None:
            prepare(config, job.folder, job.overrides, in_sweep=True)
        elif networks not in valid:
            require_memory(config, run_spec(config).demand, accelerator(config.trainer.accelerator))
        elif settings not in valid:
            build_optimizers(config)
        checked_seed(config)
    except UsageError as error:
        return str(error)
    valid |= {settings, runtime, networks}
    return None


def require_own_folders(sweep: Path, jobs: Sequence[Job]) -> None:
    """Checks that each job has a folder of its own, inside the sweep's."""
    seen: dict[Path, int] = {}
    resolved = sweep.resolve()
    for job in jobs:
        other = seen.setdefault(job.folder, job.number)
        if other != job.number:
            key = f"hydra.sweep.subdir={job.folder.name}"
            raise UsageError(f"{key}: runs {other} and {job.number} would share this folder")
        if resolved not in job.folder.resolve().parents:
            raise UsageError(f"hydra.sweep.subdir: {job.folder} is not inside the sweep's folder")
