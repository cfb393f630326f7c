"""When Lightning writes checkpoints, and how it writes and reads them."""

import copy
import math
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO
from typing_extensions import override

from patterngan.evaluation.metrics import selection_score
from patterngan.storage.checkpoints import BEST, FOLDER, KEY, LAST, content, write
from patterngan.storage.files import naming, write_atomically
from patterngan.training.module import GAN
from patterngan.training.stopping import StoppedBetweenBlocksError

OURS = ("epoch", "global_step", "state_dict", "optimizer_states", "callbacks", KEY)
"""The keys of a checkpoint that Lightning gets to see."""


class EvaluationCheckpoint(Checkpoint):
    """Keeps the last state after every evaluation, and the best by its score.

    Also writes last.ckpt where training starts, and where a signal stops it. Lightning's ModelCheckpoint keeps absolute
    paths in its checkpoints: a run that was moved would forget its best score, and every resume would warn.
    """

    def __init__(self) -> None:
        self.best = [math.inf]
        """The lowest score so far, of each member."""

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not (_folder(trainer) / LAST).exists():
            trainer.save_checkpoint(_folder(trainer) / LAST, weights_only=False)

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # An epoch ends with an evaluation, where nothing is half done.
        assert isinstance(pl_module, GAN)
        better = []
        for member in pl_module.alive:
            score = selection_score(pl_module.evaluations[member].metrics)
            if score < self.best[member]:
                self.best[member] = score
                better.append(member)
        self.keep(trainer, pl_module, pl_module.alive, better)

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        assert isinstance(pl_module, GAN)
        if isinstance(exception, StoppedBetweenBlocksError):
            self.keep(trainer, pl_module, pl_module.finite_members(), [])

    def keep(self, trainer: pl.Trainer, gan: GAN, last: Sequence[int], best: Sequence[int]) -> None:
        """Writes the states of these members as their last, and those of `best` as their best too."""
        folder = _folder(trainer)
        if best:
            # The best first: a run that is killed in between goes on from the last before, and comes by here again.
            trainer.save_checkpoint(folder / BEST, weights_only=False)
            write_atomically(folder / LAST, (folder / BEST).read_bytes())
        elif last:
            trainer.save_checkpoint(folder / LAST, weights_only=False)

    @override
    def state_dict(self) -> dict[str, float]:
        return {"best": self.best[0]}

    @override
    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        self.best = [state_dict["best"]]


def _folder(trainer: pl.Trainer) -> Path:
    return Path(trainer.default_root_dir) / FOLDER


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes checkpoints whole or not at all, and reads tensors and plain values alone.

    The file that a run goes on from was read when the run was checked; it is not read again.

    Args:
        run: the folder of the run. Where it was deleted meanwhile it does not come back for a checkpoint in it.
    """

    def __init__(self, run: Path) -> None:
        self.run = run.resolve()

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        folder = Path(path).parent.resolve()
        with naming(path):
            if self.run in (folder, *folder.parents):
                for inner in reversed([one for one in (folder, *folder.parents) if self.run in one.parents]):
                    inner.mkdir(exist_ok=True)
            else:
                folder.mkdir(parents=True, exist_ok=True)
        write(checkpoint, Path(path))

    @override
    def load_checkpoint(self, path: str | Path, map_location: Any = None, weights_only: bool | None = True) -> Any:
        # Lightning would set its loops from other keys, and migrate a file that claims to be old.
        kept = {key: value for key, value in content(Path(path)).items() if key in OURS}
        # A copy: optimizers go on in the tensors that they are given.
        return copy.deepcopy(kept) | {"pytorch-lightning_version": version("pytorch-lightning"), "lr_schedulers": []}
