"""Lets Hydra find the options of installed packages."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin
from typing_extensions import override

from patterngan.packages import conf_folders
from patterngan.paths import CONF


class PackagesSearchPath(SearchPathPlugin):
    """Adds the conf/ of every installed package behind patterngan's own; other applications of Hydra get none."""

    @override
    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if any(element.path.removeprefix("file://") == str(CONF) for element in search_path.get_path()):
            for folder in conf_folders()[1:]:
                search_path.append(provider=folder.parent.name, path=f"file://{folder}")
