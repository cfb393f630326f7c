"""Telling Hydra of a job whose outcome is known already.

Hydra's own `run_job` copies the config five times over, which for hundreds of short jobs takes longer than training
them. This is the same sequence of events with one copy: the same files, log, callbacks and return value.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobRuntime, JobStatus, _flush_loggers, configure_log, env_override
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf._utils import get_omega_conf_dumper

from patterngan.storage.files import naming
from patterngan.sweeps.composition import job_folder


def tell(context: HydraContext, task: TaskFunction, config: DictConfig, outcome: Callable[[], Any]) -> JobReturn:
    """What `hydra.core.utils.run_job` does and returns for `task`, with `outcome` in its place."""
    folder = _open(config)
    instance = HydraConfig.instance()
    before = instance.cfg
    instance.set_config(config)
    try:
        returned = JobReturn(cfg=task_config(config))
        returned.hydra_cfg = instance.cfg  # type: ignore[assignment]
        returned.overrides = list(config.hydra.overrides.task)
        returned.working_dir = str(folder) if config.hydra.job.chdir else str(Path.cwd())
        returned.task_name = JobRuntime.instance().get("name")
        folder.mkdir(parents=True, exist_ok=True)
        configure_log(config.hydra.job_logging, config.hydra.verbose)
        _save_configs(returned.cfg, returned.hydra_cfg, folder)
        with env_override(config.hydra.job.env_set):
            context.callbacks.on_job_start(config=config, task_function=task)
            _perform(returned, outcome)
        _flush_loggers()
        context.callbacks.on_job_end(config=config, job_return=returned)
        return returned
    finally:
        instance.cfg = before


def tell_of_start(config: DictConfig) -> None:
    """Leaves in a job's folder what Hydra leaves there when it starts one."""
    folder = _open(config)
    _save_configs(task_config(config), OmegaConf.masked_copy(config, "hydra"), folder)


def _open(config: DictConfig) -> Path:
    with hydra_config(config):
        folder = job_folder(config)
    with read_write(config.hydra.runtime), open_dict(config.hydra.runtime):
        config.hydra.runtime.output_dir = str(folder)
    return folder


def _perform(returned: JobReturn, work: Callable[[], Any]) -> None:
    try:
        returned.return_value = work()
        returned.status = JobStatus.COMPLETED
    except Exception as error:  # Hydra, too, hands over whatever a job raises
        returned.return_value = error
        returned.status = JobStatus.FAILED


def _save_configs(task: Any, hydra: Any, folder: Path) -> None:
    if hydra.hydra.output_subdir is None:
        return
    subfolder = folder / hydra.hydra.output_subdir
    subfolder.mkdir(parents=True, exist_ok=True)
    contents = {"config.yaml": task, "hydra.yaml": hydra, "overrides.yaml": hydra.hydra.overrides.task}
    for name, content in contents.items():
        with naming(subfolder / name):
            (subfolder / name).write_text(as_yaml(content), encoding="utf-8")


@contextmanager
def hydra_config(config: DictConfig) -> Iterator[None]:
    """Lets `${hydra:…}` look into a job's config."""
    instance = HydraConfig.instance()
    before, instance.cfg = instance.cfg, config  # type: ignore[assignment]
    try:
        yield
    finally:
        instance.cfg = before


class _Dumper(getattr(yaml, "CDumper", yaml.Dumper)):  # type: ignore[misc]
    """OmegaConf's way to write strings, by the C library where PyYAML has it: four times as fast."""


_Dumper.add_representer(str, get_omega_conf_dumper().str_representer)


def as_yaml(content: Any) -> str:
    """What `OmegaConf.to_yaml` gives."""
    container = OmegaConf.to_container(content, resolve=False, enum_to_str=True)
    return str(yaml.dump(container, allow_unicode=True, sort_keys=False, Dumper=_Dumper))


def task_config(config: DictConfig) -> DictConfig:
    """A job's config as its task sees it: without Hydra's own."""
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
