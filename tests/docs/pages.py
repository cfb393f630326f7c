"""README.md and the pages of docs/, taken apart: blocks of code, prose, and the commands that a reader types."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tests.support.commands import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:\$ )?(python \S+\.py.*)")


class Command(NamedTuple):
    """A `python SCRIPT ARGUMENTS` of a page, split as a shell does."""

    script: str
    arguments: tuple[str, ...]
    error: str
    """The error that the page says it ends with, or nothing."""

    def __str__(self) -> str:
        return shlex.join((self.script, *self.arguments))


class Snippet(NamedTuple):
    """A block whose first line, a comment, names a file of the project."""

    file: str
    lines: str


@dataclass(frozen=True)
class Page:
    """A page of Markdown."""

    path: Path

    @property
    def name(self) -> str:
        """The path in the project."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """The whole page."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return BLOCK.sub("", self.text)

    def blocks(self, language: str = "") -> list[str]:
        """The blocks of code in a language; those without one are what is typed and what it prints."""
        return [lines for kind, lines in BLOCK.findall(self.text) if kind == language]

    def snippets(self, language: str) -> list[Snippet]:
        """The blocks in a language that name their file."""
        named = re.compile(r"# ((?:src|conf|scripts|mylab)/\S+)\n(.*)", re.DOTALL)
        return [Snippet(*match.groups()) for block in self.blocks(language) if (match := named.match(block))]

    @property
    def anchors(self) -> set[str]:
        """What a link to a heading of the page ends with after its #."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    @property
    def commands(self) -> list[Command]:
        """What the page types, in its order; what stands in the prose comes last."""
        typed = [pair for block in self.blocks() for pair in _typed(block)]
        typed += [(line, "") for line in re.findall(r"`(python \S+\.py[^`]*)`", self.prose)]
        return [_command(line, error) for line, error in typed]


def _typed(block: str) -> Iterator[tuple[str, str]]:
    lines = block.replace("\\\n", " ").splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if match := COMMAND.match(line):
            yield match[1], after if after.startswith("error: ") else ""


def _command(line: str, error: str) -> Command:
    _, script, *arguments = shlex.split(line.partition(" | ")[0], comments=True)
    return Command(script, tuple(arguments), error)


README = Page(ROOT / "README.md")
DOCS = {path.stem: Page(path) for path in sorted((ROOT / "docs").glob("*.md"))}
PAGES = [README, *DOCS.values()]
