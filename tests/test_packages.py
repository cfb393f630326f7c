import logging

import pytest

from patterngan.packages import conf_folders, config_files, is_group, option_files, packages
from patterngan.paths import CONF


@pytest.fixture(autouse=True)
def _read_anew():
    packages.cache_clear()
    yield
    packages.cache_clear()


def test_without_packages_there_are_the_options_of_the_checkout():
    assert packages() == {}
    assert conf_folders() == [CONF]
    assert {file.parent for file in option_files("pattern")} == {CONF / "pattern"}


def test_an_installed_package_adds_its_options(mylab):
    assert packages() == {"mylab": mylab / "mylab" / "conf"}
    assert [file.stem for file in option_files("optimizer")] == ["adam", "sgd", "signum"]
    assert ("penalty", mylab / "mylab" / "conf" / "penalty" / "drift.yaml") in list(config_files())
    assert is_group("logger")
    assert not is_group("lr")


def declare(folder, name):
    """Writes what pip leaves of a package that declares itself."""
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[patterngan.packages]\n{name} = {name}\n")


def test_the_working_directory_is_not_searched(tmp_path, monkeypatch):
    declare(tmp_path, "evil")
    (tmp_path / "evil.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert packages() == {"evil": None}  # a module without configs of its own
    monkeypatch.chdir(tmp_path)
    packages.cache_clear()
    assert packages() == {}


def test_a_package_that_is_not_there_is_named_once(tmp_path, monkeypatch, caplog):
    declare(tmp_path, "gone")
    monkeypatch.syspath_prepend(str(tmp_path))
    with caplog.at_level(logging.WARNING):
        assert packages() == packages() == {}
    line = "the package gone, an entry point of patterngan.packages, cannot be found; it is left out"
    assert caplog.messages == [line]
