"""One run, from its config to its result."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import Checkpoint as CheckpointCallback
from rich.console import Console

from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.longer import name_at
from patterngan.evaluation.registry import NAMES
from patterngan.reporting.commands import alone_command, resume_command
from patterngan.reporting.console import interruption, say, show, summary
from patterngan.runs.assembly import assemble
from patterngan.runs.configs import remark, require_keys
from patterngan.runs.instantiate import foreign_packages
from patterngan.runs.loggers import build_loggers, limits, logged, place_of
from patterngan.runs.outcome import Outcome, metric_value
from patterngan.runs.resuming import requested
from patterngan.runs.trainer import build_callbacks, build_trainer, lightning_errors, place_checkpoints
from patterngan.runs.trainer_arguments import accelerator
from patterngan.storage import checkpoints
from patterngan.storage.checkpoints import Checkpoint
from patterngan.storage.files import is_disk_error, locked, remove_temporary_files
from patterngan.storage.results import FILE, has_completed
from patterngan.storage.settings import settings
from patterngan.storage.stopwatch import Seconds, Stopwatch
from patterngan.training.callbacks import Pictures, RemoveResult, ResumeHint, StopAtSignals, why_stopped
from patterngan.training.datamodule import PatternData
from patterngan.training.module import GAN, DivergedError
from patterngan.training.stopping import SignalNote, exit_code
from patterngan.validation import InvalidValueError, UsageError, choice

log = logging.getLogger(__name__)

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""The environment variables that PyTorch takes its number of threads from."""


@dataclass(frozen=True)
class Run:
    """All that a config describes, checked and built: ready to train."""

    gan: GAN
    data: PatternData
    trainer: pl.Trainer
    checkpoint: Checkpoint | None
    """Where it goes on from."""
    signal: SignalNote
    """The signal that came while it trained, if one did."""

    @property
    def first_step(self) -> int:
        """The GAN step at which training starts."""
        return self.checkpoint.step if self.checkpoint else 0

    @property
    def step(self) -> int:
        """GAN steps trained."""
        return max(self.gan.global_step, self.first_step)

    @property
    def early_end(self) -> str | None:
        """Where and why it ended, if a callback or the Trainer ended it before its last step."""
        if self.step >= self.data.steps:
            return None
        return f"at step {self.step} of {self.data.steps}: {why_stopped(self.trainer)}"

    def finished(self, folder: Path) -> bool:
        """Whether the result of an earlier session, in which it completed, still holds: no step was trained since."""
        return self.step == self.first_step and has_completed(folder)


def train(
    config: DictConfig, folder: Path, overrides: list[str], in_sweep: bool = False, run: Run | None = None
) -> float | None:
    """Trains, measures and reports one run; everything it leaves is in `folder`.

    Args:
        config: a composed `conf/config.yaml`.
        folder: of the run.
        overrides: what the user typed, for the record.
        in_sweep: whether TensorBoard should know it by its overrides, and pictures wait until the sweep's end.
        run: what `prepare` returned for the same arguments; prepared here if None.

    Returns:
        The metric that `optimized_metric` names, None where the run's evaluation has no such figure.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        repair(folder, config.ckpt_path)
        tries_out = OmegaConf.select(config, "trainer.fast_dev_run")
        wants_page = not in_sweep and not tries_out and "pictures" in (config.get("callbacks") or ())
        try:
            run = run or prepare(config, folder, overrides, in_sweep)
            if not in_sweep:  # a sweep says it once
                for line in filter(None, [remark(config, run.gan.evaluator.pattern), *limits(config.get("logger"))]):
                    say(Console(), line)
            evaluation = fit(run, folder)
            if not run.finished(folder):
                outcome = Outcome(run.step, run.gan.stopwatch.seconds(), evaluation, ended=run.early_end)
                outcome.write(folder, config.seed, overrides)
        except Exception as error:
            with suppress(OSError):  # a full disk takes none of these
                seconds = run.gan.stopwatch.seconds() if run else Seconds()
                if run is None or not run.finished(folder):
                    failure = Outcome(_step(error, run), seconds, error=error)
                    failure.write(folder, config.seed if isinstance(config.seed, int) else None, overrides)
                if wants_page:
                    draw_page(folder, foreign_packages(settings(config)))
            if isinstance(error, OSError) and not in_sweep:
                last = run.gan.evaluations.get(0) if run else None
                show(Console(), interruption(folder, _step(error, run), last, overrides))
            raise
        trust = foreign_packages(run.gan.records[0]["settings"])
        page = draw_page(folder, trust) if wants_page else None
        alone = alone_command(overrides, trust) if in_sweep else None
        say(Console(), summary(evaluation, folder, page, trust, run.early_end, alone))
    if in_sweep:
        run.signal.raise_if_caught()  # too late for this run, not for the next
    return metric_value(evaluation.metrics, config.optimized_metric)


def _step(error: Exception, run: Run | None) -> int:
    """The GAN step at which a run failed."""
    at = run.step if run else 0
    return error.step if isinstance(error, DivergedError) else at


def prepare(config: DictConfig, folder: Path, overrides: list[str], in_sweep: bool = False) -> Run:
    """Checks everything about a run that can be wrong, and builds it, without writing a file.

    Args: see `train`.

    Raises:
        UsageError: naming the key and the value.
    """
    require_keys(config, ("ckpt_path", "optimized_metric", "trainer"))
    folder = folder.absolute()  # Hydra may change the directory before training starts
    checkpoint = None if config.ckpt_path is None else requested(config.ckpt_path)
    goes_on = checkpoint is not None and is_last_of(folder, config.ckpt_path)
    gan, data = assemble(config, accelerator(config.trainer.accelerator))
    gan.records = [{"settings": settings(config), "overrides": overrides}]
    longer = map(name_at, config.evaluation.get("lengths", ()))
    choice("optimized_metric", config.optimized_metric, (*NAMES, *longer))
    if checkpoint is not None:
        require_fitting(checkpoint, gan, data)
        gan.stopwatch = Stopwatch([checkpoint.seconds])
    # Points that a killed run wrote after its last checkpoint are hidden: they will be written again.
    purge_step = checkpoint.step + 1 if checkpoint and goes_on else 0
    stop = StopAtSignals()
    callbacks = [callback for callback in build_callbacks(config) if not (in_sweep and isinstance(callback, Pictures))]
    gan.logs = {0: build_loggers(config, place_of(folder, overrides, in_sweep, purge_step))}
    place_checkpoints(callbacks, folder)
    trainer = build_trainer(
        config,
        default_root_dir=folder,
        logger=[log.logger for log in gan.logs[0]],
        callbacks=[*callbacks, stop, RemoveResult(), *([] if in_sweep else [ResumeHint()])],
        enable_checkpointing=any(isinstance(callback, CheckpointCallback) for callback in callbacks),
        num_sanity_val_steps=int(not goes_on),  # a folder's curves begin with what was before its first step
    )
    if trainer.fast_dev_run:  # type: ignore[attr-defined]  # Lightning switches its loggers off
        gan.logs = {}
    return Run(gan, data, trainer, checkpoint, stop.note)


def require_fitting(checkpoint: Checkpoint, gan: GAN, data: PatternData) -> None:
    """Refuses a run that cannot go on from a checkpoint."""
    source = f"ckpt_path={checkpoint.path}"
    if not checkpoint.optimizers:
        raise UsageError(f"{source}: holds weights alone, and no states of the optimizers to go on with")
    checkpoints.require_fitting_weights(source, checkpoint.weights, gan)
    checkpoints.require_fitting_states(source, checkpoint.optimizers, gan.configure_optimizers())
    if checkpoint.step > data.steps:
        raise InvalidValueError("steps", data.steps, f"the checkpoint is at step {checkpoint.step} already")
    if checkpoint.step == data.steps and gan.records[0]["settings"] != checkpoint.settings:
        raise InvalidValueError("steps", data.steps, "leaves no step to train with other settings; raise steps")


def require_unused(folder: Path, ckpt_path: Any) -> bool:
    """Whether `ckpt_path` goes on with the run in `folder`; refuses a folder that holds another run."""
    if not (folder / FILE).exists() and not any((folder / checkpoints.FOLDER).glob("*.ckpt")):
        return False
    if ckpt_path and is_last_of(folder, ckpt_path):
        return True
    resumable = (folder / checkpoints.FOLDER / checkpoints.LAST).exists()
    instead = f", or go on with: {resume_command(folder)}" if resumable else ""
    raise UsageError(f"{folder}: holds another run; choose another folder (hydra.run.dir, hydra.sweep.dir){instead}")


def is_last_of(folder: Path, ckpt_path: Any) -> bool:
    """Whether a checkpoint is the last of the run in `folder`, so that training goes on there."""
    return checkpoints.resumable_folder(checkpoints.locate(Path(str(ckpt_path)))) == folder.resolve()


def repair(folder: Path, ckpt_path: Any) -> None:
    """Clears up after a process that was killed in this folder; refuses one that holds another run."""
    goes_on = require_unused(folder, ckpt_path)
    for touched in (folder, folder / checkpoints.FOLDER):
        remove_temporary_files(touched)
    if goes_on:
        checkpoints.repair(folder)


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs PyTorch in one thread, unless the environment says in how many: at a run's size a second one only waits."""
    before = torch.get_num_threads()
    if not any(name in os.environ for name in THREADS):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def fit(run: Run, folder: Path) -> Evaluation:
    """Trains to the end, or evaluates where no step is left; returns the last evaluation."""
    path = None if run.checkpoint is None else str(run.checkpoint.path.absolute())
    try:
        if path is None:  # where None may be given, Lightning takes what an OnExceptionCheckpoint has left, of any run
            run.trainer._checkpoint_connector._user_managed = True
        with lightning_errors():
            if run.first_step < run.data.steps:
                with logged(run.gan):
                    run.trainer.fit(run.gan, run.data, ckpt_path=path, weights_only=True)
            if not run.gan.evaluations:  # no step was left to train, or no time
                run.trainer.loggers = []  # nothing is trained, nothing is logged
                run.trainer.validate(run.gan, run.data, ckpt_path=path, weights_only=True, verbose=False)
    except (KeyboardInterrupt, SystemExit) as end:
        evaluation, overrides = run.gan.evaluations.get(0), run.gan.records[0]["overrides"]
        say(Console(), interruption(folder, run.trainer.global_step, evaluation, overrides))
        raise SystemExit(exit_code(end)) from None
    return run.gan.evaluations[0]


def draw_page(folder: Path, trust: list[str]) -> Path | None:
    """Draws the run's page; returns where it is, None if it could not be drawn. Raises the error of a full disk.

    `trust`: see `console.summary`.
    """
    from patterngan.reporting.run import report_run  # which takes a second to import

    try:
        return report_run(folder, trust)
    except Exception as error:  # whatever it is, the run itself is safe
        if is_disk_error(error, folder):
            raise
        log.warning("no report page: %s", error)
        return None
