"""Launching a sweep: which jobs are fused, where each stands, and what Hydra gets back for it."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, run_job
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from rich.console import Console

from patterngan.population.manifests import begun, close_roll, close_rolls, open_roll
from patterngan.population.memory import most_members
from patterngan.population.snapshots import scatter
from patterngan.population.training import Outcome, Piece, why_not_fused, without_seed
from patterngan.reporting.console import LISTED, going_on, script_command, show, summary
from patterngan.runs.assembly import blueprint, checked_seed, optimizers, require_memory
from patterngan.runs.run import objective, prepare
from patterngan.runs.trainer import accelerator
from patterngan.storage.checkpoints import FOLDER, remove_halves
from patterngan.storage.files import of_disk
from patterngan.storage.locking import locked
from patterngan.storage.results import FILE, Result
from patterngan.sweeps.composition import Composer, interpolations_parsed_once
from patterngan.sweeps.engines import Engine
from patterngan.sweeps.jobs import Group, Job, grouped, job, numbers, pieces
from patterngan.sweeps.resuming import Standing, outcome_of, standing
from patterngan.sweeps.telling import hydra_config, task_config, tell, tell_of_start
from patterngan.training.module import DivergedError
from patterngan.training.stopping import exit_code
from patterngan.validation import UsageError

log = logging.getLogger(__name__)

WORKSHOP = ".fused"
"""The folder, in a sweep's, where populations keep their snapshots while they train."""


@dataclass(frozen=True)
class Sweep:
    """What Hydra's launchers are told of a sweep."""

    context: HydraContext
    task: TaskFunction
    master: DictConfig

    @property
    def folder(self) -> Path:
        """Of the sweep."""
        return Path(str(self.master.hydra.sweep.dir)).absolute()


@dataclass
class Plan:
    """The jobs of a sweep, and where each stands."""

    composer: Composer
    jobs: list[Job]
    standings: dict[int, Standing]
    reasons: dict[int, str]
    """Why a job cannot be run."""


@interpolations_parsed_once()
def plan(sweep: Sweep, job_overrides: Sequence[Sequence[str]], first: int) -> Plan:
    """Composes and checks the jobs; nothing is written yet but what an earlier start left unfinished.

    Raises:
        HydraException: for overrides that no job can have.
        UsageError: if two jobs would share a folder, or one has the folder of another configuration.
    """
    composer = Composer(sweep.context.config_loader, sweep.master)
    jobs, reasons = [], {}
    valid: set[str] = set()
    for number, overrides in enumerate(job_overrides, first):
        config = composer.compose(overrides, number)
        with hydra_config(config):
            jobs.append(job(config, number))
            if reason := _why_impossible(config, jobs[-1], valid):
                reasons[number] = reason
    require_own_folders(jobs)
    with locked(sweep.folder):
        _scatter_all(sweep, jobs)
        return Plan(composer, jobs, {one.number: standing(one.folder, one.settings) for one in jobs}, reasons)


def _scatter_all(sweep: Sweep, jobs: Sequence[Job]) -> None:
    for file in sorted((sweep.folder / WORKSHOP).glob("*.ckpt")):
        scatter(file, [one.folder for one in jobs])


def _why_impossible(config: DictConfig, described: Job, valid: set[str]) -> str | None:
    # What jobs share is checked once: all but the optimizers of those that differ in learning rates, say.
    settings, surroundings = without_seed(described.settings), without_seed(described.surroundings)
    networks = without_seed({key: described.settings[key] for key in described.settings.keys() - {"lr", "optimizer"}})
    try:
        if surroundings not in valid or config.ckpt_path is not None:
            prepare(config)
        elif networks not in valid:
            require_memory(config, blueprint(config).demand, accelerator(config.trainer.accelerator))
        elif settings not in valid:
            optimizers(config)
        checked_seed(config)
    except UsageError as error:
        return str(error)
    valid |= {settings, surroundings, networks}
    return None


def require_own_folders(jobs: Sequence[Job]) -> None:
    """Checks that no two jobs share a folder.

    Raises:
        UsageError: naming the folder and the jobs.
    """
    seen: dict[Path, Job] = {}
    for one in jobs:
        other = seen.setdefault(one.folder, one)
        if other is not one:
            raise UsageError(
                f"hydra.sweep.subdir={one.folder.name}: runs {other.number} and {one.number} would share this folder"
            )


def launch(sweep: Sweep, planned: Plan, max_members: int | None, engine: Engine) -> list[JobReturn]:
    """Trains the jobs of a plan; each ends in its own folder as if it had run alone."""
    sweep.folder.mkdir(parents=True, exist_ok=True)
    with locked(sweep.folder):
        remove_halves(sweep.folder / WORKSHOP)
        try:
            returns = dict(_run(sweep, planned, max_members, engine))
        except (KeyboardInterrupt, SystemExit) as stop:
            _leave(sweep, planned)
            raise SystemExit(exit_code(stop)) from None
        except OSError:  # the disk is full, or gone: what is there stays as it is
            show(Console(), _standing(sweep, planned))
            raise
        finally:
            with suppress(OSError):  # it is kept while something is in it, and not there where nothing was fused
                (sweep.folder / WORKSHOP).rmdir()
    return [returns[one.number] for one in planned.jobs]


def _run(sweep: Sweep, planned: Plan, max_members: int | None, engine: Engine) -> Iterator[tuple[int, JobReturn]]:
    waiting = [one for one in planned.jobs if planned.standings[one.number].result is None]
    earlier = _begun(sweep, planned, waiting, max_members)
    taken = {one.number for _, present in earlier for one in present} | planned.reasons.keys()
    groups = _fusible(grouped([one for one in waiting if one.number not in taken]))
    together = [group for group in groups if group.reason is None]
    alone = [group for group in groups if group.reason is not None]
    _announce(planned, [*(Group(present) for _, present in earlier), *together], alone)
    fused: set[int] = set()
    cut = _pieces(sweep, earlier, together, max_members, engine.slots)
    close_rolls(sweep.folder / WORKSHOP, planned.jobs, {piece.file for piece in cut})
    for piece, outcomes in engine.train(cut):
        for one in piece.jobs:
            fused.add(one.number)
            if isinstance(outcomes, Exception) and of_disk(outcomes, sweep.folder):
                raise outcomes
            outcome = outcomes if isinstance(outcomes, Exception) else outcomes[one.number]
            yield one.number, _written(sweep, _finish(sweep, planned, one, outcome))
        if not isinstance(outcomes, Exception):
            close_roll(piece.file)
    for one in planned.jobs:
        if one.number not in fused:
            yield one.number, _written(sweep, _finish(sweep, planned, one, None))


def _written(sweep: Sweep, returned: JobReturn) -> JobReturn:
    """What became of a job, unless it was that the sweep's folder could not be written: the next would end like it.

    Raises:
        OSError: then.
    """
    error = returned._return_value
    if returned.status == JobStatus.FAILED and isinstance(error, Exception) and of_disk(error, sweep.folder):
        raise error
    return returned


def _begun(
    sweep: Sweep, planned: Plan, waiting: list[Job], max_members: int | None
) -> list[tuple[list[Job], list[Job]]]:
    """The populations that an earlier start left: all of their members, and those that have not ended.

    Populations that are larger than wanted now are not put together again.
    """
    left = {one.number for one in waiting} - planned.reasons.keys()
    populations = list(begun(sweep.folder / WORKSHOP, planned.jobs))
    both = [(members, [one for one in members if one.number in left]) for members in populations]
    return [(members, now) for members, now in both if now and len(members) <= (max_members or len(members))]


def _leave(sweep: Sweep, planned: Plan) -> None:
    """Leaves an interrupted sweep so that everything in it can be used, and says how to go on."""
    _scatter_all(sweep, planned.jobs)
    for one in planned.jobs:
        if (one.folder / FOLDER).is_dir() and planned.standings[one.number].result is None:
            tell_of_start(planned.composer.compose(one.overrides, one.number))
    show(Console(), _standing(sweep, planned))


def _standing(sweep: Sweep, planned: Plan) -> str:
    """Where a sweep that was stopped stands, and how to go on with it."""
    ended = sum((one.folder / FILE).exists() for one in planned.jobs)
    lines = [
        "",
        f"stopped    {ended} of {len(planned.jobs)} runs have ended",
        f"results    {script_command('report', sweep.folder)}",
        f"interrupted; {going_on(sweep.master)}",
    ]
    return "\n".join(lines)


def _fusible(groups: list[Group]) -> list[Group]:
    """The groups, taken apart where their networks cannot be batched."""
    checked: list[Group] = []
    for group in groups:
        reason = group.reason or why_not_fused(blueprint(group.jobs[0].config))
        checked += [group] if reason == group.reason else [Group([one], reason) for one in group.jobs]
    return checked


def _announce(planned: Plan, together: list[Group], alone: list[Group]) -> None:
    ended = [one for one in planned.jobs if planned.standings[one.number].result is not None]
    parts = [f"fused {numbers(group.jobs)} ({len(group.jobs)} members)" for group in together]
    reasons = dict.fromkeys(str(group.reason) for group in alone)
    for reason in list(reasons)[:LISTED]:
        single = [one for group in alone if group.reason == reason for one in group.jobs]
        parts.append(f"alone {numbers(single)} ({reason})")
    if len(reasons) > LISTED:
        parts.append(f"alone for {len(reasons) - LISTED} more reasons")
    if impossible := [one for one in planned.jobs if one.number in planned.reasons]:
        parts.append(f"impossible {numbers(impossible)}")
    if ended:
        parts.append(f"ended before {numbers(ended)}")
    log.info("%d runs: %s", len(planned.jobs), "; ".join(parts))


def _pieces(
    sweep: Sweep, earlier: list[tuple[list[Job], list[Job]]], groups: list[Group], max_members: int | None, slots: int
) -> list[Piece]:
    cut = list(earlier)
    for group in groups:
        everywhere = -(-len(group.jobs) // slots)  # every slot has its share
        fresh = pieces(group.jobs, max_members or min(everywhere, most_members(group.jobs[0], slots)))
        cut += [(members, members) for members in fresh]
    made = []
    for index, (members, present) in enumerate(cut, 1):
        file = sweep.folder / WORKSHOP / f"{_name(members)}.ckpt"
        open_roll(file, members)
        made.append(Piece(members, present, file, f"group {index}/{len(cut)}, {len(members)} members"))
    return made


def _name(jobs: Sequence[Job]) -> str:
    return hashlib.blake2b("\n".join(str(one.folder) for one in jobs).encode(), digest_size=8).hexdigest()


def _finish(sweep: Sweep, planned: Plan, one: Job, outcome: Outcome | Exception | None) -> JobReturn:
    """Puts what became of a job into its folder, by Hydra's own hands; runs it where it was not fused."""
    config = planned.composer.compose(one.overrides, one.number)
    result = planned.standings[one.number].result
    if result is not None:
        return _ended(config, one, result)
    if outcome is not None:
        return tell(sweep.context, sweep.task, config, lambda: report(one, outcome))
    return run_job(
        hydra_context=sweep.context,
        task_function=sweep.task,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )


def report(one: Job, outcome: Outcome | Exception) -> float | None:
    """Writes a member's log and its result; returns the metric that a sweeper asked for.

    Raises:
        DivergedError: if it did.
        Exception: what kept its population from ending.
    """
    seed = one.settings["seed"]
    if isinstance(outcome, Exception):
        Result("failed", seed, 0, 0.0, one.overrides, error=str(outcome)).write(one.folder)
        log.error("%s", outcome)
        raise outcome
    for created, line in outcome.lines:
        record = log.makeRecord(log.name, logging.INFO, __file__, 0, line, (), None)
        record.created, record.msecs = created, created % 1 * 1000
        log.handle(record)
    if outcome.found is None:
        error = DivergedError(outcome.steps)
        Result("diverged", seed, outcome.steps, outcome.seconds, one.overrides, error=str(error)).write(one.folder)
        log.error("%s", error)
        raise error
    metrics = outcome.found.metrics
    Result("completed", seed, outcome.steps, outcome.seconds, one.overrides, metrics=metrics).write(one.folder)
    log.info(summary(outcome.found, one.folder))
    return objective(metrics, str(one.surroundings["optimized_metric"]))


def _ended(config: DictConfig, one: Job, result: dict[str, Any]) -> JobReturn:
    """What Hydra would have got from a job that ended before."""
    returned = JobReturn(overrides=one.overrides, cfg=task_config(config), task_name=str(config.hydra.job.name))
    returned.working_dir = str(Path.cwd())
    try:
        returned.return_value = outcome_of(result, str(one.surroundings["optimized_metric"]))
        returned.status = JobStatus.COMPLETED
    except DivergedError as error:
        returned.return_value = error
        returned.status = JobStatus.FAILED
    return returned
