"""The loggers that a config names, and when they are open."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger

from patterngan.reporting.events import folder_of_events, label
from patterngan.reporting.overrides import swept_keys
from patterngan.runs.instantiate import build, build_offered
from patterngan.training.adapters import Adapter, Place
from patterngan.training.known_loggers import adapter_of
from patterngan.training.module import GAN
from patterngan.validation import UsageError


def place_of(folder: Path, overrides: list[str], in_sweep: bool, purge_step: int) -> Place:
    """Where a run writes: in its folder. TensorBoard names runs by the folders of their event files."""
    name = label(override for override in overrides if not override.lstrip("+~").startswith("logger"))
    swept = swept_keys(folder) if in_sweep else ()
    return Place(folder, folder_of_events(folder, name), name or folder.name, in_sweep, purge_step, swept)


def build_loggers(config: DictConfig, place: Place, lost: set[str] | None = None) -> list[Adapter]:
    """The loggers that a config names, each behind its adapter. Args: see `Adapter`.

    Raises:
        UsageError: if a package is not installed, or a logger refuses an argument.
    """
    lost = set() if lost is None else lost
    return [_build(config, str(name), place, lost) for name in config.get("logger") or ()]


def _build(config: DictConfig, name: str, place: Place, lost: set[str]) -> Adapter:
    key, node = f"logger.{name}", config.logger[name]
    typed = {str(key): value for key, value in node.items()} if isinstance(node, DictConfig) else {}
    adapter = adapter_of(str(typed.get("_target_")))
    if adapter.needs and find_spec(adapter.needs) is None:
        hint = f"pip install 'patterngan[{adapter.needs}]'"
        raise UsageError(f"logger={name}: {adapter.needs} is not installed; {hint}")
    offered = {key: value for key, value in adapter.offered(place, typed).items() if key not in typed}
    if adapter is Adapter:  # the logger's parameters are not known
        return adapter(name, build_offered(config, key, Logger, **offered), place, lost)
    return adapter(name, build(config, key, Logger, _convert_="all", **offered), place, lost)


def limits(loggers: Mapping[str, Any] | None, in_sweep: bool = False) -> list[str]:
    """A line for each logger of a config that cannot show all that a run, or the runs of a sweep, could show."""
    lines = []
    for name, node in (loggers or {}).items():
        adapter = adapter_of(str(node.get("_target_"))) if isinstance(node, Mapping | DictConfig) else Adapter
        missing = list(adapter.lacks)
        if in_sweep and not adapter.keeps_portraits:  # the pictures of a sweep are drawn when it has ended
            missing = list(dict.fromkeys(["pictures", *missing]))
        if missing:
            lines.append(f"logger={name}: shows no {' and no '.join(missing)}")
    return lines


@contextmanager
def logged(gan: GAN) -> Iterator[None]:
    """Opens the loggers of every member before training, and closes them however it ends."""
    succeeded: Collection[int] = ()
    try:
        for member, logs in gan.logs.items():
            for one in logs:
                one.start(gan.records[member])
        yield
        succeeded = gan.alive
    finally:
        for member, logs in gan.logs.items():
            for one in logs:
                one.finish("success" if member in succeeded else "failed")
