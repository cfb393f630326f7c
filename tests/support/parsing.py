"""Config files that are parsed once: Hydra parses all of a run's, for every command that a test types."""

import pickle
from pathlib import Path
from typing import Any

from hydra._internal.config_repository import ConfigRepository
from hydra.core.object_type import ObjectType

_load = ConfigRepository.load_config
_loaded: dict[tuple[Any, ...], bytes] = {}


def _load_once(repository: ConfigRepository, config_path: str) -> Any:
    source = repository._find_object_source(config_path, ObjectType.CONFIG)
    file = None if source is None else Path(source.path, source._normalize_file_name(config_path))
    if file is None or not file.is_file():
        return _load(repository, config_path)
    found = file.stat()
    key = source.provider, file, config_path, found.st_mtime_ns, found.st_size
    if key not in _loaded:
        _loaded[key] = pickle.dumps(_load(repository, config_path))
    return pickle.loads(_loaded[key])


def parse_once() -> None:
    """Lets Hydra parse a file again in this process only where it has changed; real commands parse all of them."""
    ConfigRepository.load_config = _load_once
