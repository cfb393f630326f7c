"""docs/extending.md shows the package of tests/packages, which end-to-end tests install, train and load."""

import re

import pytest
import torch

from patterngan.paths import PROJECT
from patterngan.runs.configs import build_pattern
from patterngan.runs.instantiate import build
from tests.docs.pages import DOCS
from tests.support.kits import KITS

PAGE = DOCS["extending"]
SNIPPETS = [snippet for language in ("python", "yaml", "toml") for snippet in PAGE.snippets(language)]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.file)
def test_a_snippet_stands_in_the_package(snippet):
    assert snippet.lines in (PROJECT / "tests" / "packages" / snippet.file).read_text(encoding="utf-8")


def test_every_group_of_the_package_is_on_the_page():
    groups = {path.parent.name for path in (PROJECT / "tests" / "packages").glob("*/*/conf/*/*.yaml")}
    assert len(groups) == 8
    assert all(re.search(rf"\b{group}\b", PAGE.text) for group in groups)


def test_the_sweep_of_the_page_is_of_every_part_that_a_population_can_have():
    (command,) = (command for command in PAGE.commands if "-m" in command.arguments)
    assert set(KITS["mylab"].parts) < set(command.arguments)


def test_the_parts_are_what_they_say(config, mylab):
    chosen = config("pattern=triangular", "encoding=gray", "encoding.capacity=100")
    pattern, gray = build_pattern(chosen), build(chosen, "encoding")
    assert pattern.member(torch.arange(pattern.size)).tolist() == [0, 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 66, 78, 91]
    integers = torch.arange(100)
    codes = gray.encode(integers)
    assert torch.equal(gray.decode(codes), integers)
    assert (codes[1:] != codes[:-1]).sum(-1).eq(1).all()
