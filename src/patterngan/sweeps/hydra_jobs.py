"""Hydra's jobs: composing their configs, and concluding jobs whose outcome is known already.

Every private name of Hydra and OmegaConf that patterngan uses stands in this file, with the public way that was tried:

- `basic_sweeper` has Hydra's own sweeper, whose parsing of swept values ours keeps; the public base class, `Sweeper`,
  parses nothing. The module is imported, not the class: Hydra's search for plugins executes the module again, which
  makes another class of that name.
- `ConfigLoaderImpl._apply_overrides_to_config` and `get_overrides_dirname`: the public `load_sweep_config` composes a
  job from its files again, a tenth of a second for each.
- `omegaconf.base.parse`: there is no public switch for a cache; without it a job takes twice as long to plan.
- `JobReturn._return_value`: see `job_error`.
- `_flush_loggers` and `get_omega_conf_dumper`: `hydra.core.utils.run_job` with a closure in the task's place does the
  same as `conclude_job`, but copies the config five times; measured over 100 jobs, 30 ms a job instead of 20.
"""

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.core_plugins import basic_sweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobRuntime, JobStatus, _flush_loggers, configure_log, env_override
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, base, open_dict, read_write
from omegaconf._utils import get_omega_conf_dumper

from patterngan.reporting.overrides import MULTIRUN, parse
from patterngan.storage.files import naming, write_atomically

__all__ = ["basic_sweeper"]  # for hydra_plugins


@contextmanager
def interpolations_parsed_once() -> Iterator[None]:
    """Lets OmegaConf remember within the body how it parsed an interpolation, of which a config has a dozen."""
    parse = base.parse  # type: ignore[attr-defined]
    base.parse = lru_cache(maxsize=2**12)(parse)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        base.parse = parse  # type: ignore[attr-defined]


class Composer:
    """Composes the jobs of one sweep.

    Hydra composes each job from its files. Here that is done once for each distinct set of choices of groups, and a
    job's values are put on top of a copy, by Hydra's own function: the config equals Hydra's.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        assert isinstance(loader, ConfigLoaderImpl)
        self._loader, self._master = loader, master
        self._is_group = lru_cache(maxsize=2**12)(loader.repository.group_exists)  # which looks into the file system
        self._bases: dict[tuple[str, ...], bytes] = {}

    def compose(self, overrides: Sequence[str], number: int) -> DictConfig:
        """The config of a job, as Hydra's launchers compose it."""
        typed = [parse(override) for override in overrides]
        choices = tuple(str(override.input_line) for override in typed if self._chooses(override))
        if choices not in self._bases:
            self._bases[choices] = pickle.dumps(self._loader.load_sweep_config(self._master, list(choices)))
        config: DictConfig = pickle.loads(self._bases[choices])  # takes a fifth of a deepcopy
        values = [override for override in typed if not self._chooses(override)]
        self._loader._apply_overrides_to_config(values, config)
        self._describe_job(config, [override for override in typed if not override.is_hydra_override()], number)
        return config

    def _describe_job(self, config: DictConfig, task: list[Override], number: int) -> None:
        with open_dict(config):
            config.hydra.overrides.task = [override.input_line for override in task]
            dirname = config.hydra.job.config.override_dirname
            config.hydra.job.override_dirname = get_overrides_dirname(
                task, dirname.exclude_keys, dirname.item_sep, dirname.kv_sep
            )
            config.hydra.job.id = config.hydra.job.num = number

    def _chooses(self, override: Override) -> bool:
        """Whether an override decides which files are composed."""
        if override.is_hydra_override():
            return True
        return self._is_group(override.key_or_group) and not isinstance(override.value(), dict)


def job_folder(config: DictConfig) -> Path:
    """The folder that Hydra gives to a job."""
    folder, subfolder = (OmegaConf.select(config, f"hydra.sweep.{key}") for key in ("dir", "subdir"))
    return Path(str(folder)).absolute() / str(subfolder)


@contextmanager
def hydra_config(config: DictConfig) -> Iterator[None]:
    """Lets `${hydra:…}` look into a job's config."""
    instance = HydraConfig.instance()
    before, instance.cfg = instance.cfg, config  # type: ignore[assignment]
    try:
        yield
    finally:
        instance.cfg = before


def task_config(config: DictConfig) -> DictConfig:
    """A job's config without Hydra's own part, as its task sees it."""
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


def conclude_job(
    context: HydraContext, task: TaskFunction, config: DictConfig, outcome: Callable[[], Any]
) -> JobReturn:
    """What `hydra.core.utils.run_job` does and returns for `task`, with `outcome` in its place and fewer copies.

    The job's folder gets the same files and log, and Hydra's callbacks are called.
    """
    folder = open_folder(config)
    with hydra_config(config):
        HydraConfig.instance().set_config(config)
        configure_log(config.hydra.job_logging, config.hydra.verbose)
        with env_override(config.hydra.job.env_set):
            context.callbacks.on_job_start(config=config, task_function=task)
            returned = job_return(config, outcome)
        returned.hydra_cfg = HydraConfig.instance().cfg  # type: ignore[assignment]
        if config.hydra.job.chdir:
            returned.working_dir = str(folder)
        _flush_loggers()
        context.callbacks.on_job_end(config=config, job_return=returned)
    return returned


def job_return(config: DictConfig, outcome: Callable[[], Any]) -> JobReturn:
    """What Hydra gets back for a job: what `outcome` returns, or the error that it raises."""
    returned = JobReturn(list(config.hydra.overrides.task), task_config(config), working_dir=str(Path.cwd()))
    returned.task_name = JobRuntime.instance().get("name")
    try:
        returned.return_value, returned.status = outcome(), JobStatus.COMPLETED
    except Exception as error:  # Hydra, too, returns whatever a job raises
        returned.return_value, returned.status = error, JobStatus.FAILED
    return returned


def job_error(returned: JobReturn) -> Exception | None:
    """The error of a job that failed; None if it completed."""
    # `JobReturn.return_value` prints to stderr and raises the error, which Hydra does when all jobs have ended.
    error = returned._return_value
    return error if returned.status == JobStatus.FAILED and isinstance(error, Exception) else None


def open_folder(config: DictConfig) -> Path:
    """Makes a job's folder with the files that Hydra writes when a job starts; returns the folder."""
    with hydra_config(config):
        folder = job_folder(config)
    with read_write(config.hydra.runtime), open_dict(config.hydra.runtime):
        config.hydra.runtime.output_dir = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if config.hydra.output_subdir is not None:
        _save_configs(config, folder / config.hydra.output_subdir)
    return folder


def note_sweep(config: DictConfig) -> None:
    """Writes the config of a sweep, with what was typed, into the sweep's folder, as Hydra's own sweeper does."""
    content = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
    write_atomically(Path(str(config.hydra.sweep.dir)) / MULTIRUN, as_yaml(content).encode())


def _save_configs(config: DictConfig, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    # Converted once and cut then: copies of parts of a config cost ten times as much.
    task: Any = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
    hydra = task.pop("hydra")
    contents = {"config.yaml": task, "hydra.yaml": {"hydra": hydra}, "overrides.yaml": hydra["overrides"]["task"]}
    for name, content in contents.items():
        with naming(folder / name):
            (folder / name).write_text(as_yaml(content), encoding="utf-8")


class _Dumper(getattr(yaml, "CDumper", yaml.Dumper)):  # type: ignore[misc]
    """OmegaConf's way to write strings, by the C library where PyYAML has it: four times as fast."""


_Dumper.add_representer(str, get_omega_conf_dumper().str_representer)


def as_yaml(container: Any) -> str:
    """What `OmegaConf.to_yaml` returns for the config that these lists and dictionaries are made of."""
    return str(yaml.dump(container, allow_unicode=True, sort_keys=False, Dumper=_Dumper))
