"""Launching a sweep: which jobs are trained together, and what Hydra gets back for each."""

import hashlib
import logging
from collections.abc import Mapping
from contextlib import closing, suppress

from hydra.core.utils import JobReturn, JobStatus, run_job
from rich.console import Console

from patterngan.population.training import Piece
from patterngan.reporting.commands import alone_command, script_command, sweep_resume_hint
from patterngan.reporting.console import LISTED, show, summary
from patterngan.runs.configs import build_pattern, remark
from patterngan.runs.instantiate import foreign_packages
from patterngan.runs.job import Job
from patterngan.runs.loggers import limits
from patterngan.runs.outcome import Outcome, metric_value
from patterngan.storage.checkpoints import FOLDER
from patterngan.storage.files import is_disk_error, locked, remove_temporary_files
from patterngan.storage.results import FILE
from patterngan.storage.stopwatch import Seconds
from patterngan.sweeps.engines import Engine, Outcomes
from patterngan.sweeps.hydra_jobs import (
    conclude_job,
    interpolations_parsed_once,
    job_error,
    job_return,
    note_sweep,
    open_folder,
)
from patterngan.sweeps.jobs import Group, grouped, most_members, numbers, pieces
from patterngan.sweeps.planning import Plan, scatter_all
from patterngan.sweeps.resuming import earlier_populations, earlier_value, remove_manifests, write_manifest
from patterngan.training.stopping import exit_code

log = logging.getLogger(__name__)


def launch(planned: Plan, max_members: int | None, engine: Engine) -> list[JobReturn]:
    """Trains the jobs of a plan; each ends in its own folder as if it had run alone.

    What is returned for a job has no status where `fail_fast` ended the sweep before the job.
    """
    sweep = planned.sweep
    sweep.folder.mkdir(parents=True, exist_ok=True)
    with locked(sweep.folder):
        note_sweep(sweep.master)
        remove_temporary_files(sweep.snapshots)
        try:
            returns = _run(planned, max_members, engine)
            if len(returns) < len(planned.jobs):
                _leave_usable(planned)
        except (KeyboardInterrupt, SystemExit) as stop:
            _leave_usable(planned)
            show(Console(), _progress(planned))
            raise SystemExit(exit_code(stop)) from None
        except OSError:  # the disk is full, or gone: what is there stays as it is
            show(Console(), _progress(planned))
            raise
        finally:
            with suppress(OSError):  # it is kept while something is in it, and not there where nothing was fused
                sweep.snapshots.rmdir()
    return [returns.get(job.number, JobReturn()) for job in planned.jobs]


def _run(planned: Plan, max_members: int | None, engine: Engine) -> dict[int, JobReturn]:
    """Trains the populations, then the other jobs; returns what Hydra gets back for each job that ended."""
    returns: dict[int, JobReturn] = {}
    with closing(engine.train(_pieces(planned, max_members, engine.slots))) as trained:
        for piece, outcomes in trained:
            ended = _conclude_piece(planned, piece, outcomes)
            returns |= ended
            if _is_last(planned, ended):
                return returns
    for job in planned.jobs:
        if job.number not in returns:
            returns[job.number] = _conclude(planned, job, None)
            if _is_last(planned, {job.number: returns[job.number]}):
                return returns
    return returns


def _is_last(planned: Plan, ended: Mapping[int, JobReturn]) -> bool:
    """Whether the sweep ends with these jobs, because one of them failed now, not at an earlier start."""
    failed = {number for number, returned in ended.items() if returned.status == JobStatus.FAILED}
    return planned.sweep.fail_fast and not failed <= planned.results.keys()


def _pieces(planned: Plan, max_members: int | None, slots: int) -> list[Piece]:
    """The populations to train: those that an earlier start left, then new ones."""
    folder, possible = planned.sweep.snapshots, [job for job in planned.jobs if job.number not in planned.reasons]
    earlier = earlier_populations(folder, possible, max_members)
    populations = [members for members in earlier if any(map(planned.waits, members))]
    taken = {job.number for members in populations for job in members}
    groups = grouped([job for job in planned.jobs if planned.waits(job) and job.number not in taken])
    _announce(planned, [*map(Group, populations), *groups])
    for group in groups:
        if group.reason is None:
            populations += _cut(group.jobs, max_members, slots)
    count = len(populations)
    made = [
        _piece(planned, members, f"group {index}/{count}, {len(members)} members")
        for index, members in enumerate(populations, 1)
    ]
    remove_manifests(folder, planned.jobs, kept=[piece.file for piece in made])  # once the new ones are written
    return made


def _announce(planned: Plan, groups: list[Group]) -> None:
    """Logs which runs train together, why the others do not, and what their loggers cannot show."""
    parts = []
    alone: dict[str, list[Job]] = {}
    for group in groups:
        if group.reason is None:
            jobs = list(filter(planned.waits, group.jobs))
            parts.append(f"fused {numbers(jobs)} ({len(jobs)} members)")
        else:
            alone.setdefault(group.reason, []).extend(group.jobs)
    parts += [f"alone {numbers(jobs)} ({reason})" for reason, jobs in list(alone.items())[:LISTED]]
    if len(alone) > LISTED:
        parts.append(f"alone for {len(alone) - LISTED} more reasons")
    if impossible := [job for job in planned.jobs if job.number in planned.reasons]:
        parts.append(f"impossible {numbers(impossible)}")
    if ended := [job for job in planned.jobs if job.number in planned.results]:
        parts.append(f"ended before {numbers(ended)}")
    log.info("%d runs: %s", len(planned.jobs), "; ".join(parts))
    waiting = list(filter(planned.waits, planned.jobs))
    patterns = [job.config for job in {str(job.settings["pattern"]): job for job in waiting}.values()]
    remarks = [remark(config, build_pattern(config)) for config in patterns]
    lines = [line for job in waiting for line in limits(job.runtime.get("logger"), True)]
    for line in filter(None, dict.fromkeys([*remarks, *lines])):
        log.info(line)


def _cut(group: list[Job], max_members: int | None, slots: int) -> list[list[Job]]:
    """A group cut into populations that fit into memory and give every slot its share."""
    share = -(-len(group) // slots)
    return pieces(group, max_members or min(share, most_members(group[0], slots)))


def _piece(planned: Plan, members: list[Job], name: str) -> Piece:
    """The piece that trains a population; its manifest is written."""
    folders = "\n".join(str(job.folder) for job in members)
    digest = hashlib.blake2b(folders.encode(), digest_size=8).hexdigest()
    file = planned.sweep.snapshots / f"{digest}.ckpt"
    write_manifest(file, members)
    return Piece(members, list(filter(planned.waits, members)), file, name, planned.sweep.fail_fast)


@interpolations_parsed_once()
def _conclude_piece(planned: Plan, piece: Piece, outcomes: Outcomes) -> dict[int, JobReturn]:
    """Ends the jobs of a piece that have an outcome; returns what Hydra gets back for them."""
    if isinstance(outcomes, Exception):
        if is_disk_error(outcomes, planned.sweep.folder):
            raise outcomes
        failed = Outcome(0, Seconds(), error=outcomes)
        return {job.number: _conclude(planned, job, failed) for job in piece.jobs}
    ended = [job for job in piece.jobs if job.number in outcomes]
    returns = {job.number: _conclude(planned, job, outcomes[job.number]) for job in ended}
    if len(ended) == len(piece.jobs):  # else the others go on in the same population
        remove_manifests(planned.sweep.snapshots, piece.members)
    return returns


def _conclude(planned: Plan, job: Job, outcome: Outcome | None) -> JobReturn:
    """Ends a job in its folder as Hydra does, and runs it where it was not fused."""
    sweep, config = planned.sweep, planned.composer.compose(job.overrides, job.number)
    result = planned.results.get(job.number)
    if result is not None:
        return job_return(config, lambda: earlier_value(result, str(job.runtime["optimized_metric"])))
    if outcome is not None:
        returned = conclude_job(sweep.context, sweep.task, config, lambda: _report(job, outcome))
    else:
        returned = run_job(sweep.task, config, "hydra.sweep.dir", "hydra.sweep.subdir", sweep.context)
    error = job_error(returned)
    if error is not None and is_disk_error(error, sweep.folder):
        raise error  # the next job would end like it
    return returned


def _report(job: Job, outcome: Outcome) -> float | None:
    """Writes a member's log and its result; returns the metric that a sweeper asked for, or raises the error."""
    outcome.write(job.folder, job.settings["seed"], job.overrides)
    if outcome.error is not None:
        raise outcome.error
    assert outcome.evaluation is not None
    trust = foreign_packages(job.settings)
    log.info(summary(outcome.evaluation, job.folder, trust=trust, alone=alone_command(job.overrides, trust)))
    return metric_value(outcome.metrics, str(job.runtime["optimized_metric"]))


def _leave_usable(planned: Plan) -> None:
    """Gives the runs of a stopped sweep their checkpoints and Hydra's files, so that each can be used alone."""
    scatter_all(planned.sweep.snapshots)
    for job in planned.jobs:
        if (job.folder / FOLDER).is_dir() and job.number not in planned.results:
            open_folder(planned.composer.compose(job.overrides, job.number))


def _progress(planned: Plan) -> str:
    """How far a stopped sweep came, and how to go on with it."""
    ended = sum((job.folder / FILE).exists() for job in planned.jobs)
    return (
        f"\nstopped    {ended} of {len(planned.jobs)} runs have ended\n"
        f"results    {script_command('report', planned.sweep.folder)}\n"
        f"interrupted; {sweep_resume_hint(planned.sweep.master)}"
    )
