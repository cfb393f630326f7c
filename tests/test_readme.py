"""What the README tells people to write and to type works as it stands there."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from tests.support.commands import ROOT, environment

README = (ROOT / "README.md").read_text()

SNIPPETS = re.findall(r"```(?:python|yaml)\n# ((?:src|conf)/\S+)\n(.*?)```", README, re.DOTALL)
"""File and lines: code to be added at its end, a config to be a file of its own."""

QUICK = ["experiment=plain", "steps=20", "evaluate_every=20", "evaluation.samples=50"]


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the project with everything added that the README adds."""
    copy = tmp_path_factory.mktemp("extended")
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "train.py", copy)
    for file, lines in SNIPPETS:
        path = copy / file
        assert path.exists() == file.startswith("src/"), file
        path.write_text(f"{path.read_text()}\n\n{lines}" if path.exists() else lines)
    return copy


def trained(folder, *arguments):
    line = [sys.executable, "train.py", *arguments]
    path = {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run(
        line, cwd=folder, env=environment() | path, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_is_a_snippet_of_each_kind():
    added = {file.split("/")[1] for file, _ in SNIPPETS if file.startswith("conf/")}
    assert added == {"pattern", "encoding", "architecture", "objective"}
    assert len(SNIPPETS) == 8


def test_what_is_added_trains(extended):
    told = trained(extended, *QUICK, "pattern=squares", "encoding=gray", "architecture=residual", "objective=pearson")
    assert "modes" in told
    assert "/12" in told  # squares below 128


def test_what_is_added_is_fused_in_the_sweep_that_the_readme_types(extended):
    (typed,) = re.findall(r"^python train.py (-m experiment=plain pattern=squares.*)$", README, re.MULTILINE)
    told = trained(extended, *typed.split(), *QUICK[1:])
    assert "4 runs: fused 0-1 (2 members); fused 2-3 (2 members)" in told


def test_what_is_added_passes_the_linter(extended):
    files = [str(extended / file) for file, _ in SNIPPETS if file.startswith("src/")]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_gray_codes_are_reversible(extended):
    check = (
        "import torch; from patterngan.data.encodings import Gray; n = torch.arange(100); gray = Gray(100)\n"
        "codes = gray.encode(n)\n"
        "assert torch.equal(gray.decode(codes), n)\n"
        "assert (codes[1:] != codes[:-1]).sum(-1).eq(1).all()"
    )
    path = {"PYTHONPATH": str(extended / "src")}
    subprocess.run([sys.executable, "-c", check], env=environment() | path, check=True)


def commands():
    """Every command line of the README's blocks that trains, without its comment."""
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    found = re.findall(r"^(?:\$ )?python train.py *(.*?)(?:  +#.*)?$", text, re.MULTILINE)
    return sorted({line for line in found if not line.startswith(("--", "-sc"))})


@pytest.mark.parametrize("line", commands())
def test_every_command_composes(line, config):
    words = [word for word in shlex.split(line) if not word.startswith(("-", "ckpt_path=", "hydra"))]
    parsed = OverridesParser.create().parse_overrides(words)
    one_of_each = [
        f"{one.get_key_element()}={next(one.sweep_string_iterator())}" if one.is_discrete_sweep() else one.input_line
        for one in parsed
        if one.key_or_group not in ("hparams_search",)
    ]
    if "pattern=squares" not in words:  # which the README adds
        config(*one_of_each)


@pytest.mark.parametrize("file", sorted(set(re.findall(r"\]\(([^)#:]+?)\)", README))))
def test_every_link_leads_to_a_file(file):
    assert (ROOT / Path(file)).exists()
