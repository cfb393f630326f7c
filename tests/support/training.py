"""Training in this process, without files."""

from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig

from patterngan.runs.trainer import build_trainer


def fit(config: DictConfig, gan: pl.LightningModule, data: pl.LightningDataModule, **given: Any) -> pl.Trainer:
    """Trains with nothing around it but the callbacks that are given."""
    trainer = build_trainer(config, logger=False, enable_progress_bar=False, enable_checkpointing=False, **given)
    trainer.fit(gan, data)
    return trainer
