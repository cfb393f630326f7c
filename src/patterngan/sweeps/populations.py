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

from patterngan.assembly import Blueprint, blueprint
from patterngan.checkpoints import FOLDER, LAST, Checkpoint, mend, require_same_shapes
from patterngan.curves import folder_of_events, label
from patterngan.data import PatternData, fused
from patterngan.evaluator import Evaluation
from patterngan.gan import GAN
from patterngan.interruption import StopAtSignals
from patterngan.optimizers import SGD, Adam
from patterngan.population_gan import PopulationGAN
from patterngan.sweeps.jobs import Job
from patterngan.sweeps.snapshots import Snapshots, gathered, scatter
from patterngan.sweeps.watching import Notes, PopulationCurves, PopulationProgress
from patterngan.trainers import trainer


@dataclass(frozen=True)
class Piece:
    """Jobs that train as one."""

    jobs: list[Job]
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
    together: dict[int, list[tuple[Job, Checkpoint | None]]] = {}
    for job in piece.jobs:
        checkpoint = _last_checkpoint(job)
        together.setdefault(checkpoint.step if checkpoint else 0, []).append((job, checkpoint))
    outcomes: dict[int, Outcome] = {}
    for members in together.values():  # one population, unless one of them diverged before a resume
        jobs, checkpoints = zip(*members, strict=True)
        outcomes |= _train(piece, jobs, [checkpoint for checkpoint in checkpoints if checkpoint])
    return outcomes


def _last_checkpoint(job: Job) -> Checkpoint | None:
    return mend(job.folder) if (job.folder / FOLDER / LAST).exists() else None


def _train(piece: Piece, jobs: Sequence[Job], checkpoints: list[Checkpoint]) -> dict[int, Outcome]:
    started = time.monotonic()
    start = checkpoints[0].step if checkpoints else 0
    gan, data = population(jobs)
    if checkpoints:
        state = gathered(checkpoints)
        require_same_shapes(checkpoints[0].path, state["state_dict"], gan.state_dict())
        gan.start_from(start, **state)
    notes = Notes(len(jobs))
    callbacks = [notes, StopAtSignals(), *_callbacks(piece, jobs, checkpoints)]
    lightning = trainer(
        jobs[0].config,
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
            scatter(piece.file, [job.folder for job in jobs])
    seconds = round(time.monotonic() - started, 3)
    return {
        job.number: Outcome(gan.diverged.get(member, data.steps), _alive(gan, member), seconds, notes.lines[member])
        for member, job in enumerate(jobs)
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


def _callbacks(piece: Piece, jobs: Sequence[Job], checkpoints: list[Checkpoint]) -> list[pl.Callback]:
    """The counterparts of the callbacks that the jobs' configs name."""
    surroundings = jobs[0].surroundings
    named = {node["_target_"].rpartition(".")[2] for node in (surroundings.get("callbacks") or {}).values()}
    made: list[pl.Callback] = []
    if "Progress" in named:
        made.append(PopulationProgress(piece.name))
    records = [{"settings": job.settings, "overrides": job.overrides} for job in jobs]
    if "Curves" in named and surroundings.get("logger"):
        purge_step = checkpoints[0].step + 1 if checkpoints else 0
        events = [folder_of_events(job.folder, label(job.overrides)) for job in jobs]
        made.append(PopulationCurves(events, records, purge_step))
    if "AtEvaluations" in named:
        best = [checkpoint.best for checkpoint in checkpoints] or [math.inf] * len(jobs)
        made.append(Snapshots(piece.file, [job.folder for job in jobs], records, best))
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
