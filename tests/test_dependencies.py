"""What is installed: pinned to the version, within what pyproject.toml says, and never a release known to be bad."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.commands import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LISTS = {"dependencies": PROJECT["dependencies"]} | PROJECT["optional-dependencies"]
REQUIREMENTS = {text: Requirement(text) for texts in LISTS.values() for text in texts}
OTHERS = [one for one in REQUIREMENTS.values() if one.name != PROJECT["name"]]
PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]


def pins():
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in PINS)}


@pytest.mark.parametrize("line", PINS)
def test_a_constraint_is_one_exact_version(line):
    assert re.fullmatch(r"[\w.-]+==[\w.]+", line)
    assert [other.partition("==")[0] for other in PINS].count(line.partition("==")[0]) == 1


@pytest.mark.parametrize("required", OTHERS, ids=str)
def test_a_dependency_is_pinned_within_its_range(required):
    assert pins()[canonicalize_name(required.name)] in required.specifier
    assert any(bound.operator in (">=", "==") for bound in required.specifier)


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_a_dependency_stands_beside_its_reason(text):
    lines = [line for line in (ROOT / "pyproject.toml").read_text().splitlines() if f'"{text}"' in line]
    assert lines
    assert all(re.search(r'"\]?,? # .+', line) for line in lines)


@pytest.mark.parametrize("version", ["2.6.2", "2.6.3"])
def test_the_compromised_releases_of_lightning_cannot_be_installed(version):
    (lightning,) = [one for one in OTHERS if "lightning" in one.name]
    assert version not in lightning.specifier
    assert not any("lightning" in name and pinned == version for name, pinned in pins().items())


def test_hydra_stays_where_its_private_names_are_known():
    (hydra,) = [one for one in OTHERS if one.name == "hydra-core"]
    assert [version in hydra.specifier for version in ("1.3.1", "1.3.2", "1.3.8", "1.3.9")] == [
        False,
        True,
        True,
        False,
    ]


def test_the_workflow_audits_what_is_pinned_and_may_write_nothing():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", step["uses"]) for step in steps if "uses" in step)
    audits = [step["run"] for step in steps if "pip-audit" in step.get("run", "")]
    assert any("--requirement constraints.txt" in audit for audit in audits)
