"""Training: one run from its config to its result."""

import logging
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning.callbacks import Checkpoint as Checkpointing
from rich.console import Console

from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.metrics import NAMES, Metrics
from patterngan.reporting.console import interruption, resume_command, say, show, summary
from patterngan.reporting.tags import folder_of_events, label
from patterngan.runs.assembly import assemble
from patterngan.runs.configs import require_keys, settings
from patterngan.runs.resuming import requested
from patterngan.runs.trainer import accelerator, surroundings, trainer
from patterngan.storage import checkpoints
from patterngan.storage.checkpoints import Checkpoint
from patterngan.storage.files import of_disk
from patterngan.storage.locking import locked
from patterngan.storage.results import FILE, Result, Status, withdraw
from patterngan.training.callbacks import HowToGoOn, Pictures
from patterngan.training.datamodule import PatternData
from patterngan.training.module import GAN, DivergedError
from patterngan.training.stopping import StopAtSignals, exit_code
from patterngan.validation import InvalidValueError, UsageError, choice

log = logging.getLogger(__name__)

LEAST = 2**16
"""Bytes that must be free before a run starts. Hydra notes its config in fewer, and does not say where it failed to."""


@dataclass(frozen=True)
class Run:
    """All that a config describes, checked: ready to train."""

    config: DictConfig
    gan: GAN
    data: PatternData
    checkpoint: Checkpoint | None
    """Where it goes on from."""

    @property
    def step(self) -> int:
        """GAN steps trained."""
        return max(self.gan.global_step, self.checkpoint.step if self.checkpoint else 0)


def prepare(config: DictConfig) -> Run:
    """Everything about a run that can be wrong, before a folder is made for it.

    Raises:
        UsageError: naming the key and the value.
    """
    require_keys(config, ("ckpt_path", "optimized_metric", "trainer"))
    checkpoint = None if config.ckpt_path is None else requested(config.ckpt_path)
    gan, data = assemble(config, accelerator(config.trainer.accelerator))
    trainer(config, logger=False, enable_progress_bar=False)
    surroundings(config, Path())
    choice("optimized_metric", config.optimized_metric, NAMES)
    if checkpoint is not None:
        source, optimizers = f"ckpt_path={checkpoint.path}", gan.configure_optimizers()
        checkpoints.require_same_shapes(source, checkpoint.weights, gan.state_dict())
        checkpoints.require_finite(source, checkpoint.weights, gan)
        checkpoints.require_fitting_states(source, checkpoint.optimizers, optimizers)
        if checkpoint.step > data.steps:
            raise InvalidValueError("steps", data.steps, f"the checkpoint is at step {checkpoint.step} already")
        if checkpoint.step == data.steps and settings(config) != checkpoint.settings:
            raise InvalidValueError("steps", data.steps, "leaves no step to train with other settings; raise steps")
    return Run(config, gan, data, checkpoint)


def require_unused(folder: Path, ckpt_path: str | None) -> bool:
    """Whether `ckpt_path` goes on with the run that is in `folder`; a run is not mixed with another.

    Raises:
        UsageError: if the folder holds another run.
    """
    if not (folder / FILE).exists() and not any((folder / checkpoints.FOLDER).glob("*.ckpt")):
        return False
    if ckpt_path and checkpoints.resumable_folder(checkpoints.locate(Path(ckpt_path))) == folder.resolve():
        return True
    resumable = (folder / checkpoints.FOLDER / checkpoints.LAST).exists()
    instead = f", or go on with: {resume_command(folder)}" if resumable else ""
    raise UsageError(f"{folder}: holds another run; choose another folder (hydra.run.dir, hydra.sweep.dir){instead}")


def require_writable(folder: Path) -> None:
    """Refuses an output folder that could not be made or written, without making it.

    Raises:
        UsageError: naming the folder.
    """
    if "$" in str(folder) or str(folder).startswith("~"):
        raise InvalidValueError("hydra.run.dir", folder, "must not have $ or begin with ~, which loggers replace")
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(bytes(LEAST))
            file.flush()
    except OSError as error:
        raise UsageError(f"hydra.run.dir={folder}: cannot be written ({error.strerror})") from error


def train(config: DictConfig, folder: Path, overrides: list[str], in_sweep: bool = False) -> float | None:
    """Trains, measures and reports one run, everything it leaves in `folder`.

    Args:
        config: a composed and checked `conf/config.yaml`.
        folder: of the run.
        overrides: what the user typed, for the record.
        in_sweep: whether TensorBoard should know it by its overrides, and pictures wait until the sweep's end.

    Returns:
        The metric that `optimized_metric` names, None where the run's evaluation has no such figure.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        return _train(config, folder, overrides, in_sweep)


def _train(config: DictConfig, folder: Path, overrides: list[str], in_sweep: bool) -> float | None:
    goes_on = require_unused(folder, config.ckpt_path)
    for touched in (folder, folder / checkpoints.FOLDER):
        checkpoints.remove_halves(touched)
    if goes_on:
        checkpoints.mend(folder)
    started, run, stop = time.monotonic(), None, StopAtSignals()
    try:
        run = prepare(config)
        run.gan.record = {"settings": settings(config), "overrides": overrides}
        found = _fit(run, folder, goes_on, in_sweep, stop)
        result = Result("completed", config.seed, run.step, _seconds(started), overrides, metrics=found.metrics)
        result.write(folder)
    except Exception as error:
        status: Status = "diverged" if isinstance(error, DivergedError) else "failed"
        step = error.step if isinstance(error, DivergedError) else run.step if run else 0
        seed = config.seed if isinstance(config.seed, int) else None
        with suppress(OSError):  # a full disk takes none of these
            Result(status, seed, step, _seconds(started), overrides, error=str(error)).write(folder)
            log.error("%s", error)
            _draw(config, folder, in_sweep)
        if isinstance(error, OSError) and not in_sweep and (folder / checkpoints.FOLDER / checkpoints.LAST).is_file():
            show(Console(), interruption(folder, step, run.gan.latest if run else None))
        raise
    say(Console(), summary(found, folder, _draw(config, folder, in_sweep)))
    if in_sweep:
        stop.note.raise_if_caught()  # too late for this run, not for the next
    return objective(found.metrics, config.optimized_metric)


def _draw(config: DictConfig, folder: Path, in_sweep: bool) -> Path | None:
    """The run's page, where pictures are wanted; None where there is none."""
    if in_sweep or "pictures" not in (config.get("callbacks") or ()):
        return None
    from patterngan.reporting.run import report_run  # which takes a second to import

    try:
        return report_run(folder)
    except Exception as error:  # whatever it is, the run itself is safe
        if of_disk(error, folder):
            raise
        log.warning("no report page: %s", error)
        return None


def objective(metrics: Metrics, name: str) -> float | None:
    """The metric of that name, None where the run's evaluation has no such figure."""
    metric = metrics.get(name)
    return None if metric is None else float(metric)


def _fit(run: Run, folder: Path, goes_on: bool, in_sweep: bool, stop: StopAtSignals) -> Evaluation:
    start = 0 if run.checkpoint is None else run.checkpoint.step
    path = (
        None if run.checkpoint is None else str(run.checkpoint.path.absolute())
    )  # Lightning has a word or two of its own
    # Points that a killed run wrote after its last checkpoint are hidden: they will be written again.
    events = folder_of_events(folder, label(run.gan.record["overrides"]) if in_sweep else "")
    logger, callbacks = surroundings(run.config, events, purge_step=start + 1 if goes_on else 0)
    callbacks = [callback for callback in callbacks if not (in_sweep and isinstance(callback, Pictures))]
    lightning = trainer(
        run.config,
        default_root_dir=folder,
        logger=logger,
        callbacks=[*callbacks, stop, *([] if in_sweep else [HowToGoOn()])],
        enable_checkpointing=any(isinstance(callback, Checkpointing) for callback in callbacks),
        num_sanity_val_steps=int(not goes_on),  # a folder's curves begin with what was before its first step
    )
    try:
        if start < run.data.steps:
            withdraw(folder)  # a run that goes on has not ended
            lightning.fit(run.gan, run.data, ckpt_path=path, weights_only=True)
        else:
            lightning.validate(run.gan, run.data, ckpt_path=path, weights_only=True, verbose=False)
    except (KeyboardInterrupt, SystemExit) as end:
        say(Console(), interruption(folder, lightning.global_step, run.gan.latest))
        raise SystemExit(exit_code(end)) from None
    assert run.gan.latest is not None
    return run.gan.latest


def _seconds(started: float) -> float:
    return round(time.monotonic() - started, 3)
