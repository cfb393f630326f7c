"""When and how Lightning writes our checkpoints, and how it reads them."""

import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO

from patterngan.storage.checkpoints import (
    BEST,
    FOLDER,
    KEY,
    LAST,
    best_score,
    keep_previous,
    load,
    previous,
    write,
    write_atomically,
)
from patterngan.training.stopping import StoppedBetweenBlocksError


class AtEvaluations(Checkpoint):
    """Writes last.ckpt where training starts, after every evaluation and where a signal stops it.

    After an evaluation also best.ckpt, by its score.

    Lightning's ModelCheckpoint keeps absolute paths in its checkpoints: a run that was moved or copied forgets
    its best score, every resume warns, and a stranger's file says which file to delete.
    """

    def __init__(self) -> None:
        self.best = math.inf

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """From here on there is something to go on from."""
        if not (_folder(trainer) / LAST).exists():
            trainer.save_checkpoint(_folder(trainer) / LAST, weights_only=False)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """A run that has ended needs no other to go on from."""
        previous(_folder(trainer) / LAST).unlink(missing_ok=True)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Keeps what was trained since the last evaluation, if it can be gone on from."""
        weights = pl_module.parameters()
        if isinstance(exception, StoppedBetweenBlocksError) and all(weight.isfinite().all() for weight in weights):
            keep_previous(_folder(trainer) / LAST)
            trainer.save_checkpoint(_folder(trainer) / LAST, weights_only=False)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """An epoch ends with an evaluation, where nothing is half done."""
        folder = _folder(trainer)
        keep_previous(folder / LAST)
        score = float(trainer.callback_metrics["score"])
        if score < self.best:
            self.best = score
            # First the best: a run killed in between goes on from the last before, and comes by here again.
            trainer.save_checkpoint(folder / BEST, weights_only=False)
            write_atomically(folder / LAST, (folder / BEST).read_bytes())
        else:
            trainer.save_checkpoint(folder / LAST, weights_only=False)

    def state_dict(self) -> dict[str, float]:
        """The best score so far."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Goes on with the best score so far."""
        self.best = best_score(state_dict)


OURS = ("epoch", "global_step", "state_dict", "optimizer_states", "callbacks", KEY)
"""What is read of a checkpoint."""


def _folder(trainer: pl.Trainer) -> Path:
    return Path(trainer.default_root_dir) / FOLDER


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames (Lightning's own writer may leave half a file), reads weights only."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Puts a whole checkpoint at `path`, or leaves what was there."""
        write(checkpoint, Path(path))

    def load_checkpoint(self, path: str | Path, map_location: Any = None, weights_only: bool | None = True) -> Any:
        """Tensors and plain values only; anything else in the file is refused.

        What we did not write there Lightning does not see: it would set its loops, and migrate what says it is old.
        """
        content = load(Path(path))
        kept = {key: value for key, value in content.items() if key in OURS}
        return kept | {"pytorch-lightning_version": version("pytorch-lightning"), "lr_schedulers": []}
