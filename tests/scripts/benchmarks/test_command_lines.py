from pathlib import Path

import pytest

from tests.support.commands import ROOT

NAMES = sorted(file.stem for file in (ROOT / "scripts" / "benchmarks").glob("*.py"))


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("blocks", "harness", "tables") and not name.startswith("jax")]
)
def test_every_benchmark_has_a_command_line_of_its_own(command, name):
    path = Path("scripts", "benchmarks", f"{name}.py")
    assert f"python {path}" in command(str(path), "--help").stdout.replace("\n", " ")
