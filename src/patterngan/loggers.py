"""Where curves are written."""

from pytorch_lightning.loggers import TensorBoardLogger


class TensorBoard(TensorBoardLogger):
    """Lightning's TensorBoard logger, without the hparams.yaml it adds: the HPARAMS tab and .hydra/ say more."""

    def save(self) -> None:
        """Hands what was logged to the operating system."""
        super(TensorBoardLogger, self).save()
