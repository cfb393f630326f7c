"""Training a population: jobs that differ in fusible keys only, in one Trainer."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from patterngan.evaluation.evaluator import Evaluation
from patterngan.gan.optimizers import SGD, Adam
from patterngan.population.callbacks import Notes, PopulationCurves, PopulationProgress
from patterngan.population.module import PopulationGAN
from patterngan.population.snapshots import Snapshots, gathered, scatter
from patterngan.reporting.tags import folder_of_events, label
from patterngan.runs.assembly import Blueprint, blueprint
from patterngan.runs.trainer import trainer
from patterngan.storage.checkpoints import FOLDER, LAST, Checkpoint, mend, require_same_shapes
from patterngan.sweeps.jobs import Job
from patterngan.training.datamodule import PatternData, fused
from patterngan.training.module import GAN
from patterngan.training.stopping import StopAtSignals


@dataclass(frozen=True)
class Piece:
    """Jobs that train as one."""

    members: list[Job]
    """Also of those that have ended or diverged: which kernels compute a member, and so its last bit, depends on the
    place of its weights in memory."""
    jobs: list[Job]
    """The members that are still to be trained."""
    file: Path
    """Where their snapshots are while they train."""
    name: str
    """What the progress display calls them."""


@dataclass(frozen=True)
class Outcome:
    """What became of a member."""

    steps: int
    """GAN steps trained."""
    found: Evaluation | None
    """Its last evaluation, None where it diverged."""
    seconds: float
    """Time its population took, from its first step or resume."""
    lines: list[tuple[float, str]] = field(default_factory=list)
    """For its log: when, what."""


def train_piece(piece: Piece) -> dict[int, Outcome]:
    """Trains the jobs of a piece from where their folders stand; returns what became of each, by its number.

    Called again after it was killed, wherever, it goes on from the last evaluation.
    """
    if piece.file.exists():
        scatter(piece.file, [job.folder for job in piece.jobs])
    waiting = {job.number for job in piece.jobs}
    together: dict[int, dict[int, Checkpoint | None]] = {}
    for member, job in enumerate(piece.members):
        if job.number in waiting:
            checkpoint = _last_checkpoint(job)
            together.setdefault(checkpoint.step if checkpoint else 0, {})[member] = checkpoint
    outcomes: dict[int, Outcome] = {}
    for start, present in together.items():  # at one step all of them, unless one diverged before a resume
        outcomes |= _train(piece, start, present)
    return outcomes


def _last_checkpoint(job: Job) -> Checkpoint | None:
    return mend(job.folder) if (job.folder / FOLDER / LAST).exists() else None


def _train(piece: Piece, start: int, present: dict[int, Checkpoint | None]) -> dict[int, Outcome]:
    """Trains the members at these places, which all stand at one step; the others are computed and not looked at."""
    started = time.monotonic()
    gan, data = population(piece.members)
    gan.absent = frozenset(range(len(piece.members))) - present.keys()
    found = {member: checkpoint for member, checkpoint in present.items() if checkpoint}
    if found:
        some = next(iter(found.values()))
        state = gathered([found.get(member, some) for member in range(len(piece.members))])
        require_same_shapes(some.path, state["state_dict"], gan.state_dict())
        gan.start_from(start, **state)
    notes, stop = Notes(len(piece.members)), StopAtSignals()
    callbacks = [notes, stop, *_callbacks(piece, start, present)]
    lightning = trainer(
        piece.members[0].config,
        default_root_dir=piece.file.parent,
        logger=False,
        callbacks=callbacks,
        enable_checkpointing=any(isinstance(callback, Snapshots) for callback in callbacks),
        num_sanity_val_steps=int(start == 0),
    )
    try:
        if start < data.steps:
            lightning.fit(gan, data)
        else:
            lightning.validate(gan, data, verbose=False)
    finally:
        if piece.file.exists():
            scatter(piece.file, [job.folder for job in piece.jobs])
    stop.note.raise_if_caught()  # too late for these, not for the next
    seconds = round(time.monotonic() - started, 3)
    return {
        piece.members[member].number: Outcome(
            gan.diverged.get(member, data.steps), _alive(gan, member), seconds, notes.lines[member]
        )
        for member in present
    }


def _alive(gan: PopulationGAN, member: int) -> Evaluation | None:
    return None if member in gan.diverged else gan.found[member]


def population(jobs: Sequence[Job]) -> tuple[PopulationGAN, PatternData]:
    """The population of these jobs, initialised from their seeds, and its data."""
    blueprints: dict[str, Blueprint] = {}
    gans: list[GAN] = []
    data: list[PatternData] = []
    for job in jobs:
        described = blueprints.get(key := without_seed(job.settings)) or blueprint(job.config)
        blueprints[key] = described
        gans.append(described.gan(job.settings["seed"]))
        data.append(described.build_data(job.settings["seed"]))
    return PopulationGAN(gans), fused(data)


def without_seed(settings: dict[str, Any]) -> str:
    """Settings but for the seed, as a key."""
    return json.dumps({key: value for key, value in settings.items() if key != "seed"}, sort_keys=True, default=str)


def _callbacks(piece: Piece, start: int, present: dict[int, Checkpoint | None]) -> list[pl.Callback]:
    """The counterparts of the callbacks that the jobs' configs name."""
    surroundings = piece.members[0].surroundings
    named = {node["_target_"].rpartition(".")[2] for node in (surroundings.get("callbacks") or {}).values()}
    made: list[pl.Callback] = []
    if "Progress" in named:
        made.append(PopulationProgress(piece.name))
    records = [{"settings": job.settings, "overrides": job.overrides} for job in piece.members]
    if "Curves" in named and surroundings.get("logger"):
        purge_step = start + 1 if start else 0
        jobs = {member: piece.members[member] for member in present}
        events = {member: folder_of_events(job.folder, label(job.overrides)) for member, job in jobs.items()}
        made.append(PopulationCurves(events, records, purge_step))
    if "AtEvaluations" in named:
        checkpoints = [present.get(member) for member in range(len(piece.members))]
        best = [checkpoint.best if checkpoint else math.inf for checkpoint in checkpoints]
        made.append(Snapshots(piece.file, [job.folder for job in piece.members], records, best))
    return made


def why_not_fused(described: Blueprint) -> str | None:
    """What keeps GANs like these from being a population, if anything does; else None."""
    if not all(isinstance(optimizer, Adam | SGD) for optimizer in described.optimizers):
        return "its optimizer is for single runs"
    networks = described.build_networks()
    places = [name for network in networks for name, _ in network.named_parameters(remove_duplicate=False)]
    if len(places) > sum(len(list(network.parameters())) for network in networks):
        return "its networks have weights in two places"
    gan = PopulationGAN([described.gan(0), described.gan(1)])
    noise = torch.zeros(2, 2 * described.compared, described.noise.dim)
    try:
        gan.discriminate(gan.generator(noise)).sum().backward()
    except (RuntimeError, ValueError, TypeError) as error:
        return f"its networks cannot be batched ({str(error).splitlines()[0]})"
    return None
