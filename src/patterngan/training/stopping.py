"""Training stops at a signal between two blocks, where nothing is half done."""

import signal
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities.exceptions import SIGTERMException

from patterngan.training.signals import Note, StoppedError, unclaimed


class StoppedBetweenBlocksError(StoppedError):
    """A checkpoint written now is one to go on from: callbacks' `on_exception` may write it."""


def exit_code(error: BaseException) -> int:
    """The exit code of what ended a process. Lightning makes exits of its own of KeyboardInterrupt and SIGTERM."""
    if isinstance(error, SIGTERMException):
        return 128 + signal.SIGTERM
    if isinstance(error, KeyboardInterrupt) or isinstance(error.__context__, KeyboardInterrupt):
        return 128 + signal.SIGINT
    return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1


class StopAtSignals(pl.Callback):
    """Stops training at the next block after a signal, at once after a second."""

    def __init__(self) -> None:
        self.handled, self.note = unclaimed(), Note()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes the place of the handler that Lightning has set by now. It restores what was there when it ends."""
        for number in self.handled:
            signal.signal(number, self.note)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Here the block before is trained, and where an evaluation was due it is made and kept."""
        if self.note.caught is not None:
            raise StoppedBetweenBlocksError(self.note.caught)
