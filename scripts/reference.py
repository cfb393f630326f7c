"""Writes what conf/ says of its groups, options and keys into README.md and docs/configuration.md."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from patterngan import CONF
from patterngan.arguments import OneLineParser
from patterngan.cli import script
from patterngan.validation import UsageError

ROOT = CONF.parent
"""Where README.md and docs/ are."""

START, END = "<!-- config groups: python scripts/reference.py -->", "<!-- end -->"
"""What stands around the table in README.md."""

FORMATS = ("hydra.job_logging", "hydra.help")
"""Sections in another project's format, of which the comment says all that is ours."""

HEAD = """# Configuration

<!-- python scripts/reference.py writes this page from the comments in conf/ -->

A run is configured by one option of each group, typed as `group=option`, and by keys, typed as `key=value`. The keys of
an option are there where it is chosen. A default such as `${lr}` follows another key, and `???` must be typed. Where a
number can be `[start, end]` or `[start, end, shape]` it moves over the run; shapes are linear, exponential and cosine.
`python train.py --cfg job`, with whatever else is typed, prints the configuration that a run would have.
"""


@dataclass(frozen=True)
class Key:
    """A key as its file has it; a section has no value of its own."""

    name: str
    value: str
    comment: str

    @property
    def own(self) -> bool:
        """Whether its value is chosen here, not taken from another key."""
        return bool(self.value) and "${" not in self.value


@dataclass(frozen=True)
class Option:
    """A file of a group."""

    name: str
    description: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Group:
    """A folder of conf/, as the defaults list has it."""

    name: str
    comment: str
    default: str
    options: tuple[Option, ...]

    @property
    def of_recipes(self) -> bool:
        """Whether its options have no keys of their own, but set those of other groups."""
        return not any(option.keys for option in self.options)


def keys(node: Any, lines: list[str], prefix: str = "") -> Iterator[Key]:
    """The keys of a YAML tree, with the comments of the lines they stand on."""
    for key, value in node.value:
        line, name = lines[key.start_mark.line], f"{prefix}{key.value}"
        if key.value in ("_target_", "defaults"):
            continue
        if isinstance(value, yaml.MappingNode) and not value.flow_style:
            yield Key(name, "", comment(line, key.end_mark.column))
            if name not in FORMATS:
                yield from keys(value, lines, f"{name}.")
        else:
            end = value.end_mark.column
            yield Key(name, line[value.start_mark.column : end], comment(line, end))


def comment(line: str, column: int) -> str:
    """What a line says behind a column."""
    return line[column:].partition(" # ")[2]


def option(file: Path) -> Option:
    """An option file; of one that sets keys of other groups, the description alone."""
    lines = file.read_text().splitlines()
    heading = [line.removeprefix("#").strip() for line in takewhile(lambda line: line.startswith("#"), lines)]
    if heading[0] == "@package _global_":
        return Option(file.stem, " ".join(heading[1:]), ())
    return Option(file.stem, " ".join(heading), tuple(keys(yaml.compose(file.read_text()), lines)))


def groups() -> Iterator[Group]:
    """The groups in the order of the defaults list."""
    text = (CONF / "config.yaml").read_text()
    lines = text.splitlines()
    (defaults,) = (value for key, value in yaml.compose(text).value if key.value == "defaults")
    for item in defaults.value:
        if isinstance(item, yaml.MappingNode):
            ((key, value),) = item.value
            name = key.value.removeprefix("override ")
            options = tuple(map(option, sorted((CONF / name).glob("*.yaml"))))
            yield Group(name, comment(lines[key.start_mark.line], value.end_mark.column), value.value, options)


def table(*rows: tuple[str, ...]) -> str:
    """A table in Markdown, the first row its head."""
    head, *body = (f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *body]) + "\n"


def overview() -> str:
    """The table of groups in README.md."""
    rows = [(f"`{group.name}`", group.comment, ", ".join(_brief(group))) for group in groups()]
    return table(("group", "what it decides", "options, with keys of their own; the default in bold"), *rows)


def _brief(group: Group) -> Iterator[str]:
    for one in group.options:
        own = ", ".join(f"`{key.name}`" for key in one.keys if key.own)
        yield (f"**{one.name}**" if one.name == group.default else one.name) + (f" ({own})" if own else "")


def manual() -> str:
    """The whole of docs/configuration.md."""
    text = (CONF / "config.yaml").read_text()
    top = list(keys(yaml.compose(text), text.splitlines()))
    ours, hydras = ([key for key in top if key.name.startswith("hydra") is theirs] for theirs in (False, True))
    parts = [HEAD, "## Keys of every run\n", of_keys(ours)]
    for group in groups():
        decides = group.comment[0].upper() + group.comment[1:]
        parts += [f"## {group.name}\n", f"{decides}. Default: `{group.name}={group.default}`.\n"]
        parts += (
            [recipes(group)] if group.of_recipes else [part for one in group.options for part in chosen(group, one)]
        )
    return "\n".join([*parts, "## Hydra\n", of_keys(hydras)])


def chosen(group: Group, one: Option) -> list[str]:
    """An option with its keys as they are typed."""
    prefix = group.name.replace("/", ".")
    typed = [Key(f"{prefix}.{key.name}", key.value, key.comment) for key in one.keys]
    return [f"### {group.name}={one.name}\n", f"{one.description}\n", *([of_keys(typed)] if typed else [])]


def recipes(group: Group) -> str:
    """Options that set keys of all groups, with the files to read."""
    rows = [(f"[`{one.name}`](../conf/{group.name}/{one.name}.yaml)", one.description) for one in group.options]
    return table(("option", "what it is"), *rows)


def of_keys(found: list[Key]) -> str:
    """Keys with their defaults and comments."""
    rows = [(f"`{key.name}`", f"`{key.value}`" if key.value else "", key.comment) for key in found]
    return table(("key", "default", "what it is"), *rows)


def pages() -> dict[Path, str]:
    """What README.md and docs/configuration.md should hold.

    Raises:
        UsageError: if README.md has no place for the table.
    """
    readme = (ROOT / "README.md").read_text()
    place = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    if not place.search(readme):
        raise UsageError(f"README.md: must have the lines {START} and {END}, between which the table is written")
    written = place.sub(lambda _: f"{START}\n\n{overview()}\n{END}", readme)
    return {ROOT / "README.md": written, ROOT / "docs" / "configuration.md": manual()}


def main() -> None:
    """Parses the command line."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is out of date")
    check = parser.parse_args().check
    stale = {page: text for page, text in pages().items() if not page.exists() or page.read_text() != text}
    names = ", ".join(str(page.relative_to(ROOT)) for page in stale)
    if check and stale:
        sys.exit(f"error: {names}: out of date with conf/; python scripts/reference.py writes it again")
    for page, text in stale.items():
        page.write_text(text)
    print(f"{names}: written" if stale else "README.md and docs/configuration.md are up to date")


if __name__ == "__main__":
    script(main)
