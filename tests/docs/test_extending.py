"""What docs/extending.md adds works as it stands there."""

import json
import shutil
import subprocess
import sys

import pytest
import torch

from patterngan.data import encodings
from tests.docs.pages import DOCS
from tests.support.commands import ROOT, environment

PAGE = DOCS["extending"]
CODE, CONFIGS = PAGE.snippets("python"), PAGE.snippets("yaml")

ALONE = "experiment=plain pattern=squares encoding=gray architecture=residual objective=pearson hydra.run.dir=alone"
QUICK = "steps=2 evaluate_every=2 evaluation.samples=50"
TRAIN = """
import runpy, sys
for line in sys.argv[1:]:
    sys.argv = ["train.py", *line.split()]
    runpy.run_path("train.py", run_name="__main__")
"""
"""Trains with each argument as a command line: one process, because its imports take longer than the training."""


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the project with everything that the page adds: code at the end of its file, configs in new ones."""
    copy = tmp_path_factory.mktemp("extended")
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "train.py", copy)
    for file, lines in CODE:
        (copy / file).write_text(f"{(copy / file).read_text()}\n\n{lines}")
    for file, lines in CONFIGS:
        assert not (copy / file).exists()
        (copy / file).write_text(lines)
    return copy


@pytest.fixture(scope="module")
def trained(extended):
    """The copy with a run of everything that is added, alone/, and the sweep that the page types, sweep/."""
    (command,) = (command for command in PAGE.commands if "-m" in command.arguments)
    sweep = f"{' '.join(command.arguments)} hydra.sweep.dir=sweep {QUICK}"
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, sweep, f"{ALONE} {QUICK}"],
        cwd=extended,
        env=environment() | {"PYTHONPATH": str(extended / "src")},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (extended / "printed").write_text(done.stdout)
    return extended


def test_there_is_a_snippet_of_each_kind():
    assert [file.split("/")[1] for file, _ in CONFIGS] == ["pattern", "encoding", "architecture", "objective"]
    assert len(CODE) == 4


@pytest.mark.end_to_end
def test_what_is_added_trains(trained):
    result = json.loads((trained / "alone" / "result.json").read_text())
    assert result["status"] == "completed"
    assert result["metrics"]["support"] == 12  # squares below 128


@pytest.mark.end_to_end
def test_what_is_added_is_fused_in_the_sweep_that_the_page_types(trained):
    assert "4 runs: fused 0-1 (2 members); fused 2-3 (2 members)" in (trained / "printed").read_text()
    results = [json.loads(file.read_text()) for file in trained.glob("sweep/*/result.json")]
    assert [result["status"] for result in results] == ["completed"] * 4


def test_what_is_added_passes_the_linter(extended):
    files = [str(extended / file) for file, _ in CODE]
    line = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), *files]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_gray_codes_are_reversible_and_neighbours_differ_in_one_bit():
    (snippet,) = (lines for file, lines in CODE if file.endswith("encodings.py"))
    namespace = dict(vars(encodings))
    exec(snippet, namespace)
    gray, integers = namespace["Gray"](100), torch.arange(100)
    codes = gray.encode(integers)
    assert torch.equal(gray.decode(codes), integers)
    assert (codes[1:] != codes[:-1]).sum(-1).eq(1).all()
