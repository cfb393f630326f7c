"""Composing the configs of a sweep's jobs.

Hydra composes each job from its files: a tenth of a second, the same work for every job that makes the same choices
of groups. Here that is done once for each distinct set of choices, and a job's values are put on top of a copy, by
Hydra's own function: what comes out equals Hydra's.
"""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, base, open_dict


@lru_cache(maxsize=2**16)
def _parsed(override: str) -> Override:
    return OverridesParser.create().parse_override(override)


@contextmanager
def interpolations_parsed_once() -> Iterator[None]:
    """Within, OmegaConf remembers how it parsed an interpolation.

    It would parse the dozen of a config again whenever they are read, which takes half of the time of planning a job.
    """
    parse = base.parse  # type: ignore[attr-defined]
    base.parse = lru_cache(maxsize=2**12)(parse)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        base.parse = parse  # type: ignore[attr-defined]


class Composer:
    """Composes jobs of one sweep."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        assert isinstance(loader, ConfigLoaderImpl)
        self._loader, self._master = loader, master
        self._is_group = lru_cache(maxsize=2**12)(loader.repository.group_exists)  # which looks into the file system
        self._bases: dict[tuple[str, ...], bytes] = {}

    def compose(self, overrides: Sequence[str], number: int) -> DictConfig:
        """The config of a job, as Hydra's launchers compose it.

        Raises:
            HydraException: as Hydra does, for what cannot be composed.
        """
        parsed = [_parsed(override) for override in overrides]
        choices = tuple(str(override.input_line) for override in parsed if self._chooses(override))
        if choices not in self._bases:
            self._bases[choices] = pickle.dumps(self._loader.load_sweep_config(self._master, list(choices)))
        config: DictConfig = pickle.loads(self._bases[choices])  # a fifth of what a deepcopy takes
        values = [override for override in parsed if not self._chooses(override)]
        self._loader._apply_overrides_to_config(values, config)
        task = [override for override in parsed if not override.is_hydra_override()]
        with open_dict(config):
            config.hydra.overrides.task = [override.input_line for override in task]
            dirname = config.hydra.job.config.override_dirname
            config.hydra.job.override_dirname = get_overrides_dirname(
                overrides=task,
                kv_sep=dirname.kv_sep,
                item_sep=dirname.item_sep,
                exclude_keys=dirname.exclude_keys,
            )
            config.hydra.job.id = config.hydra.job.num = number
        return config

    def _chooses(self, override: Override) -> bool:
        """Whether an override decides which files are composed."""
        if override.is_hydra_override():
            return True
        return self._is_group(override.key_or_group) and not isinstance(override.value(), dict)


def job_folder(config: DictConfig) -> Path:
    """Where Hydra puts a job."""
    folder, subfolder = (OmegaConf.select(config, f"hydra.sweep.{key}") for key in ("dir", "subdir"))
    return Path(str(folder)).absolute() / str(subfolder)
