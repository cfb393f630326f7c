"""Training: one run from its config to its result."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from patterngan import checkpoints
from patterngan.assembly import assemble
from patterngan.checkpoints import Checkpoint
from patterngan.configs import settings
from patterngan.data import PatternData
from patterngan.evaluation import NAMES
from patterngan.gan import GAN, DivergedError, Evaluation
from patterngan.results import FILE, Result, Status
from patterngan.terminal import interruption, say, summary
from patterngan.trainers import surroundings, trainer
from patterngan.validation import InvalidValueError, UsageError, choice

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """All that a config describes, checked: ready to train."""

    config: DictConfig
    gan: GAN
    data: PatternData
    checkpoint: Checkpoint | None
    """Where it goes on from."""


def prepare(config: DictConfig) -> Run:
    """Everything about a run that can be wrong, before a folder is made for it.

    Raises:
        UsageError: naming the key and the value.
    """
    gan, data = assemble(config)
    trainer(config, logger=False, enable_progress_bar=False)
    surroundings(config, Path())
    choice("optimized_metric", config.optimized_metric, NAMES)
    checkpoint = None
    if config.ckpt_path is not None:
        checkpoint = _checkpoint(config.ckpt_path)
        checkpoints.require_same_shapes(checkpoint.path, checkpoint.weights, gan.state_dict())
        if checkpoint.step > data.steps:
            raise InvalidValueError("steps", data.steps, f"the checkpoint is at step {checkpoint.step} already")
    return Run(config, gan, data, checkpoint)


def require_unused(folder: Path, ckpt_path: str | None) -> None:
    """Refuses to mix a run with another that is in its folder already; its own, it may go on with.

    Raises:
        UsageError: naming the folder.
    """
    if not (folder / FILE).exists() and not (folder / checkpoints.FOLDER).exists():
        return
    if not ckpt_path or checkpoints.run_folder(checkpoints.locate(Path(ckpt_path))) != folder.resolve():
        raise UsageError(f"{folder}: holds another run; choose another folder, or go on with ckpt_path={folder}")


def train(config: DictConfig, folder: Path, overrides: list[str]) -> float | None:
    """Trains, measures and reports one run, everything it leaves in `folder`.

    Args:
        config: a composed and checked `conf/config.yaml`.
        folder: of the run.
        overrides: what the user typed, for the record.

    Returns:
        The metric that `optimized_metric` names, None where the run's evaluation has no such figure.
    """
    require_unused(folder, config.ckpt_path)
    started = time.monotonic()
    with _failures_recorded(folder, config, overrides, started):
        run = prepare(config)
        (folder / FILE).unlink(missing_ok=True)  # of a run that goes on: it has not ended
        run.gan.record = {"settings": settings(config), "overrides": overrides}
        found = _fit(run, folder)
        seconds = round(time.monotonic() - started, 3)
        result = Result("completed", run.gan.seed, run.data.steps, seconds, overrides, metrics=found.metrics)
        result.write(folder)
    say(Console(), summary(found, folder))
    metric = found.metrics.get(config.optimized_metric)
    return None if metric is None else float(metric)


def _fit(run: Run, folder: Path) -> Evaluation:
    step = 0 if run.checkpoint is None else run.checkpoint.step
    path = None if run.checkpoint is None else str(run.checkpoint.path)
    # Points that a killed run wrote after its last checkpoint are hidden: they will be written again.
    logger, callbacks = surroundings(run.config, folder, purge_step=step + 1 if run.checkpoint else None)
    lightning = trainer(run.config, default_root_dir=folder, logger=logger, callbacks=callbacks)
    try:
        if step < run.data.steps:
            lightning.fit(run.gan, run.data, ckpt_path=path, weights_only=True)
        else:
            lightning.validate(run.gan, run.data, ckpt_path=path, weights_only=True, verbose=False)
    except SystemExit:  # what Lightning makes of Ctrl-C
        say(Console(), interruption(folder))
        raise SystemExit(130) from None
    assert run.gan.latest is not None
    return run.gan.latest


@contextmanager
def _failures_recorded(folder: Path, config: DictConfig, overrides: list[str], started: float) -> Iterator[None]:
    """Writes result.json for a run that fails."""
    try:
        yield
    except Exception as error:
        step = error.step if isinstance(error, DivergedError) else 0
        seconds = round(time.monotonic() - started, 3)
        status: Status = "diverged" if isinstance(error, DivergedError) else "failed"
        Result(status, config.seed, step, seconds, overrides, error=str(error)).write(folder)
        log.error("%s", error)
        raise


def _checkpoint(path: object) -> Checkpoint:
    if not isinstance(path, str) or not path or not Path(path).exists():
        raise InvalidValueError("ckpt_path", path, "no such checkpoint file or run folder")
    try:
        return checkpoints.read(Path(path))
    except UsageError as error:
        raise UsageError(f"ckpt_path={error}") from error
