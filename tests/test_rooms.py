"""The house: rooms in a row, each importing only those before it, and nothing heavy where it is not needed."""

import ast
from pathlib import Path

import pytest

from patterngan.paths import CONF

SRC = CONF.parent / "src" / "patterngan"

BESIDE = ("validation", "arguments", "paths", "packages")
"""Files beside the rooms."""

ROOMS = ("data", "storage", "gan", "evaluation", "reporting", "training", "runs", "population", "sweeps")
"""In the order of README.md: each may import only those before it, and what is beside. `cli` and `api` come last."""

PLAIN = ("data", "gan", "evaluation")
"""Rooms of plain PyTorch."""

FILES = sorted(SRC.rglob("*.py"))


def imported(file: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(file: Path) -> str:
    return file.relative_to(SRC).parts[0].removesuffix(".py")


def test_there_are_nine_rooms_and_few_files_beside_them():
    folders = {path.name for path in SRC.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == {*ROOMS}
    assert {path.stem for path in SRC.glob("*.py")} == {"__init__", "cli", "api", *BESIDE}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SRC)))
def test_a_room_imports_only_rooms_before_it(file):
    order = (*BESIDE, *ROOMS, "cli", "api")
    if file.name == "__init__.py" and file.parent != SRC:
        assert not imported(file)
        return
    if file.name == "__init__.py":  # of `import patterngan`, which must be quick
        return
    for name in imported(file):
        if name.startswith("patterngan.") and (target := name.split(".")[1]) in order:
            assert order.index(target) <= order.index(room(file)), name


@pytest.mark.parametrize("name", PLAIN)
def test_the_algorithm_is_plain_pytorch(name):
    heavy = ("pytorch_lightning", "lightning", "hydra", "omegaconf")
    for file in (SRC / name).glob("*.py"):
        assert not {one for one in imported(file) if one.startswith(heavy)}, file


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SRC)))
def test_a_file_has_one_subject_and_a_length_that_shows_it(file):
    assert len(file.read_text().splitlines()) <= 260


PRIVATE = {
    "sweeps/hydra_jobs.py": ("hydra.", "omegaconf."),
    "training/nodes.py": ("torch.",),
    "training/recording.py": ("torch.utils._python_dispatch",),
}
"""Where the private names of a library may stand."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SRC)))
def test_private_names_of_a_library_stand_in_few_files(file):
    private = {name for name in imported(file) if any(part.startswith("_") for part in name.split("."))}
    allowed = PRIVATE.get(str(file.relative_to(SRC)), ())
    assert all(name.startswith(allowed) for name in private) if allowed else not private


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SRC)))
def test_a_module_has_a_mirror_among_the_tests(file):
    where = file.relative_to(SRC)
    if file.name != "__init__.py":
        assert (CONF.parent / "tests" / where.parent / f"test_{where.name}").is_file()
