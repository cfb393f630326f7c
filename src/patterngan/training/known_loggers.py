"""The adapters of the loggers that show more than curves: TensorBoard, W&B and MLflow."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
from hydra.core.hydra_config import HydraConfig
from PIL import Image
from pytorch_lightning.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from typing_extensions import override

from patterngan.evaluation.evaluator import Evaluation
from patterngan.reporting.events import write_evaluation
from patterngan.training.adapters import Adapter, Place
from patterngan.training.loggers import TensorBoard


class EventFileAdapter(Adapter):
    """Writes into patterngan's own event file, also the tensors that pictures are drawn from."""

    logger: TensorBoard
    lacks = ()
    keeps_portraits = True

    @override
    @classmethod
    def offered(cls, place: Place, typed: Mapping[str, Any]) -> dict[str, Any]:
        return {"save_dir": place.events, "purge_step": place.purge_step}

    @override
    def start(self, record: Mapping[str, Any]) -> None:
        """Does nothing: the hyper-parameters are written with the first metrics, which the HPARAMS tab shows."""

    @override
    def _write_evaluation(self, evaluation: Evaluation, step: int, record: Mapping[str, Any], first: bool) -> None:
        write_evaluation(self.logger.file, step, evaluation, record, first, self.place.swept)

    @override
    def _write_pictures(self, pngs: Mapping[str, bytes], step: int) -> None:
        self.logger.file.images(pngs, step)


class TensorBoardAdapter(Adapter):
    """Writes to Lightning's TensorBoardLogger."""

    logger: TensorBoardLogger
    lacks = ()

    @override
    def _write_text(self, integers: str, step: int) -> None:
        self.logger.experiment.add_text("samples", f"`{integers}`", step)

    @override
    def _write_picture(self, tag: str, picture: Image.Image, step: int) -> None:
        self.logger.experiment.add_image(tag, np.asarray(picture), step, dataformats="HWC")


class WandbAdapter(Adapter):
    """Writes to Weights & Biases; each run is one of its runs, also where one process trains many."""

    logger: WandbLogger
    needs = "wandb"
    lacks = ()

    @override
    @classmethod
    def offered(cls, place: Place, typed: Mapping[str, Any]) -> dict[str, Any]:
        # Without `reinit` the second logger of a process would write into the run of the first. Lightning sets a
        # variable of the environment for `offline`, which W&B reads once in a process.
        values = {"save_dir": place.folder, "name": place.name, "reinit": "create_new"}
        offline = {"mode": "offline"} if typed.get("offline") is True else {}
        return values | offline | ({"settings": {"console": "off"}} if place.in_sweep else {})

    @override
    def start(self, record: Mapping[str, Any]) -> None:
        if self.place.in_sweep:  # W&B prints a dozen lines for each run
            import wandb

            wandb.setup(wandb.Settings(silent=True))
        super().start(record)

    @override
    def _write_text(self, integers: str, step: int) -> None:
        self.logger.log_text("samples", ["integers"], [[integers]], step=step)

    @override
    def _write_picture(self, tag: str, picture: Image.Image, step: int) -> None:
        self.logger.log_image(tag, [picture], step=step)

    @override
    def _close(self, status: str) -> None:
        super()._close(status)
        if self.logger.version is not None:  # it was opened
            self.logger.experiment.finish(exit_code=int(status != "success"))


class MLFlowAdapter(Adapter):
    """Writes to MLflow: by default into one SQLite file for all runs, with their pictures and texts beside it."""

    logger: MLFlowLogger
    needs = "mlflow"
    lacks = ()

    @override
    @classmethod
    def offered(cls, place: Place, typed: Mapping[str, Any]) -> dict[str, Any]:
        named = {"run_name": place.name}
        if server := os.environ.get("MLFLOW_TRACKING_URI"):
            return named | {"tracking_uri": server}
        if "tracking_uri" in typed:
            return named
        start = HydraConfig.get().runtime.cwd if HydraConfig.initialized() else Path.cwd()  # before hydra.job.chdir
        outputs = Path(start) / "outputs"
        return named | {"tracking_uri": f"sqlite:///{outputs}/mlflow.db", "artifact_location": f"{outputs}/mlartifacts"}

    @override
    def _write_text(self, integers: str, step: int) -> None:
        self.logger.experiment.log_text(self.logger.run_id, integers, f"samples/{step}.txt")

    @override
    def _write_picture(self, tag: str, picture: Image.Image, step: int) -> None:
        self.logger.experiment.log_image(self.logger.run_id, picture, key=tag, step=step)


ADAPTERS: dict[type[Logger], type[Adapter]] = {
    TensorBoard: EventFileAdapter,
    TensorBoardLogger: TensorBoardAdapter,
    WandbLogger: WandbAdapter,
    MLFlowLogger: MLFlowAdapter,
}


@lru_cache
def adapter_of(target: str) -> type[Adapter]:
    """The adapter for a logger class that is given by its dotted path."""
    try:
        made = resolve_name(target)
    except Exception:  # building the logger says what is wrong
        return Adapter
    fitting = (ADAPTERS[kind] for kind in ADAPTERS if isinstance(made, type) and issubclass(made, kind))
    return next(fitting, Adapter)
