"""Where curves are written."""

from pathlib import Path

from pytorch_lightning.loggers import TensorBoardLogger


class TensorBoard(TensorBoardLogger):
    """Lightning's TensorBoard logger, in the run's own folder, as EventFile is.

    Without the hparams.yaml that Lightning adds: the HPARAMS tab and .hydra/ say more.

    Args:
        save_dir: the folder of the event files.
        purge_step: see `events.EventFile`.
    """

    def __init__(self, save_dir: Path, purge_step: int) -> None:
        super().__init__(save_dir, name="", version="", default_hp_metric=False, purge_step=purge_step)

    def save(self) -> None:
        """Hands what was logged to the operating system."""
        super(TensorBoardLogger, self).save()
