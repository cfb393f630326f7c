"""Trains a GAN on integers that obey a pattern: `python train.py --help`."""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from patterngan import cli
from patterngan.paths import CONF
from patterngan.sweeps.hydra_callbacks import CheckBeforeRun, plain_errors


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def main(config: DictConfig) -> float | None:
    """One run. Heavy imports wait until it starts, so that help and completion answer at once."""
    from patterngan.runs.run import train
    from patterngan.sweeps.resuming import train_job

    cli.collect_again()
    job = HydraConfig.get()
    folder, overrides = Path(job.runtime.output_dir), list(job.overrides.task)
    with plain_errors(job.mode):
        if job.mode == RunMode.MULTIRUN:
            return train_job(config, folder, overrides)
        return train(config, folder, overrides, run=CheckBeforeRun.prepared)


if __name__ == "__main__":
    cli.run(main)
