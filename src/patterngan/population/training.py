"""Training a population: jobs that differ in fusible keys only, in one Trainer."""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from patterngan.gan.optimizers import SGD, Adam
from patterngan.population.callbacks import MemberLogs, StopAtDivergence, population_callbacks
from patterngan.population.module import PopulationGAN
from patterngan.population.sharding import shard_count
from patterngan.population.snapshots import Snapshots, gathered, scatter
from patterngan.population.streams import stacked_data
from patterngan.runs.assembly import RunSpec, run_spec
from patterngan.runs.job import Job
from patterngan.runs.loggers import build_loggers, logged, place_of
from patterngan.runs.outcome import Outcome
from patterngan.runs.trainer import build_trainer
from patterngan.runs.trainer_arguments import accelerator
from patterngan.storage.checkpoints import FOLDER, LAST, Checkpoint, repair, require_fitting_weights
from patterngan.storage.stopwatch import Seconds, Stopwatch
from patterngan.training.adapters import Adapter
from patterngan.training.callbacks import StopAtSignals
from patterngan.training.datamodule import PatternData
from patterngan.training.module import GAN, DivergedError


@dataclass(frozen=True)
class Piece:
    """Jobs that train as one population."""

    members: list[Job]
    """All of them, also those that have ended: which kernels compute a member, and with that its last bit, depends on
    the place of its weights in memory."""
    jobs: list[Job]
    """The members that are still to be trained."""
    file: Path
    """Where their snapshots are while they train."""
    name: str
    """For the progress."""
    fail_fast: bool = False
    """Whether training ends when a member has diverged."""


def train_piece(piece: Piece) -> dict[int, Outcome]:
    """Trains the jobs of a piece from where their folders stand; returns how each ended, by its number.

    A job that `fail_fast` stopped has no outcome. Called again after that, or after it was killed, on any machine, it
    goes on from the last evaluation.
    """
    if piece.file.exists():
        scatter(piece.file)
    numbers = {job.number for job in piece.jobs}
    by_step: dict[int, dict[int, Checkpoint | None]] = {}
    for member, job in enumerate(piece.members):
        if job.number in numbers:
            checkpoint = repair(job.folder) if (job.folder / FOLDER / LAST).exists() else None
            by_step.setdefault(checkpoint.step if checkpoint else 0, {})[member] = checkpoint
    outcomes: dict[int, Outcome] = {}
    for start, present in by_step.items():  # at one step all of them, unless one diverged before a resume
        outcomes |= _train(piece, start, present)
        if piece.fail_fast and any(outcome.error for outcome in outcomes.values()):
            break
    return outcomes


def _train(piece: Piece, start: int, present: Mapping[int, Checkpoint | None]) -> dict[int, Outcome]:
    """Trains the members at these places, which all stand at one step, to the end."""
    checkpoints = [present.get(member) for member in range(len(piece.members))]
    earlier = [checkpoint.seconds if checkpoint else Seconds() for checkpoint in checkpoints]
    stopwatch = Stopwatch(earlier, together=len(present))
    absent = set(range(len(piece.members))) - present.keys()
    gan, data = build_population(piece.members, absent)
    gan.stopwatch = stopwatch
    _go_on(gan, start, checkpoints)
    gan.logs = _build_logs({member: piece.members[member] for member in present}, start)
    logs, stop = MemberLogs(len(piece.members)), StopAtSignals()
    callbacks = population_callbacks(piece.members, piece.name, piece.file, checkpoints)
    trainer = build_trainer(
        piece.members[0].config,
        default_root_dir=piece.file.parent,
        logger=False,
        callbacks=[logs, stop, *([StopAtDivergence()] if piece.fail_fast else []), *callbacks],
        enable_checkpointing=any(isinstance(callback, Snapshots) for callback in callbacks),
        num_sanity_val_steps=int(start == 0),
    )
    try:
        if start < data.steps:
            with logged(gan), suppress(DivergedError):  # of `StopAtDivergence`
                trainer.fit(gan, data)
        else:
            trainer.validate(gan, data, verbose=False)
    finally:
        torch.set_num_threads(gan.threads)
        if piece.file.exists():
            scatter(piece.file)
    stop.note.raise_if_caught()  # too late for these, not for the next
    ended = present if gan.global_step == gan.steps else gan.diverged
    return {piece.members[member].number: _outcome(gan, member, logs.lines[member]) for member in ended}


def _build_logs(jobs: Mapping[int, Job], start: int) -> dict[int, list[Adapter]]:
    """The loggers of each member, which trains from step `start` on."""
    lost: set[str] = set()
    places = {member: place_of(job.folder, job.overrides, True, start + bool(start)) for member, job in jobs.items()}
    # A config of the loggers alone: one of all that a job has takes longer to make than they do.
    configs = {member: DictConfig({"logger": jobs[member].runtime.get("logger")}) for member in places}
    return {member: build_loggers(configs[member], place, lost) for member, place in places.items()}


def _go_on(gan: PopulationGAN, start: int, checkpoints: Sequence[Checkpoint | None]) -> None:
    """Loads the members' checkpoints; absent members take any state, which nobody looks at."""
    some = next((checkpoint for checkpoint in checkpoints if checkpoint), None)
    if some is not None:
        state = gathered([checkpoint or some for checkpoint in checkpoints])
        require_fitting_weights(some.path, state["state_dict"], gan)
        gan.start_from(start, **state)


def _outcome(gan: PopulationGAN, member: int, lines: list[tuple[float, str]]) -> Outcome:
    seconds = gan.stopwatch.seconds(member)
    if member in gan.diverged:
        step = gan.diverged[member]
        return Outcome(step, seconds, error=DivergedError(step), log_lines=lines)
    return Outcome(gan.steps, seconds, gan.evaluations[member], log_lines=lines)


def build_population(jobs: Sequence[Job], absent: Collection[int] = ()) -> tuple[PopulationGAN, PatternData]:
    """The population of these jobs, initialised from their seeds, and its data; `absent`: see `PopulationGAN`."""
    specs: dict[str, RunSpec] = {}
    gans: list[GAN] = []
    data: list[PatternData] = []
    for job in jobs:
        spec = specs.get(key := without_seed(job.settings)) or run_spec(job.config)
        specs[key] = spec
        gans.append(spec.gan(job.settings["seed"]))
        gans[-1].records = [job.record]
        data.append(spec.build_data(job.settings["seed"]))
    device = accelerator(jobs[0].config.trainer.accelerator)
    return PopulationGAN(gans, absent, shard_count(gans[0], data[0], len(gans), device)), stacked_data(data)


def without_seed(settings: dict[str, Any]) -> str:
    """Settings but for the seed, as a key."""
    return json.dumps({key: value for key, value in settings.items() if key != "seed"}, sort_keys=True, default=str)


def why_not_fused(spec: RunSpec) -> str | None:
    """What keeps GANs of this spec from being a population; None if nothing does."""
    if not all(type(optimizer) in (Adam, SGD) for optimizer in spec.optimizers):
        return "its optimizer is for single runs"
    networks = spec.build_networks()
    places = [name for network in networks for name, _ in network.named_parameters(remove_duplicate=False)]
    if len(places) > sum(len(list(network.parameters())) for network in networks):
        return "its networks have weights in two places"
    gan = PopulationGAN([spec.gan(0), spec.gan(1)])
    noise = torch.zeros(2, 2 * spec.compared, spec.noise.dim, dtype=next(gan.parameters()).dtype)
    try:
        gan.discriminate(gan.generator(noise)).sum().backward()
    except (RuntimeError, ValueError, TypeError) as error:
        return f"its networks cannot be batched ({str(error).splitlines()[0]})"
    return None
