"""Writes docs/configuration.md from the comments in conf/, and the table of metrics in docs/runs.md."""

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from patterngan.arguments import OneLineParser
from patterngan.cli import script
from patterngan.evaluation.registry import METRICS, Metric
from patterngan.paths import CONF, PROJECT

PAGE, RUNS = PROJECT / "docs" / "configuration.md", PROJECT / "docs" / "runs.md"

BEGIN, END = "<!-- python scripts/reference.py writes this table -->\n", "<!-- end of the table -->\n"
"""What stands around the table of metrics in docs/runs.md."""

HAVING = {
    "every": "",
    "listed": "",
    "large": "of a pattern of more than 2^20 integers",
    "holdout": "with a holdout",
    "few": "with a holdout, of at most 2^16 integers",
    "lengths": "with `evaluation.lengths=[N]`",
}
"""Which runs have a metric, in words; see `Metric.having`."""

ACCURACY = {"exact": "yes", "expected": "as the expected value over the draws", "counted": "no, counted in draws"}
"""Whether a metric is exact where the law is known, in words; see `Metric.accuracy`."""

FOREIGN = ("hydra.job_logging", "hydra.help")
"""Sections in the format of another project; their keys are left out."""

HEAD = """# Configuration

<!-- python scripts/reference.py writes this page from the comments in conf/ -->

A run is configured by one option of each group, typed as `group=option`, and by keys, typed as `key=value`. The keys of
an option exist where it is chosen. A default such as `${lr}` follows another key, and `???` must be typed. Where a
number can be a schedule, `[start, end, shape]`, it moves over the run; `[start, end]` is linear over all of it.
Shapes are linear, exponential and cosine. `[[0, 0.1], [0.5, 0.7], [1, 0.3]]` gives it
values at shares of the run; between them it is linear.
`python train.py --cfg job`, with whatever else is typed, prints the configuration that a run would have.
"""


@dataclass(frozen=True)
class Key:
    """A key as its file has it; the value of a section is empty."""

    name: str
    value: str
    comment: str

    @property
    def own(self) -> bool:
        """Whether it has a value that does not follow another key."""
        return bool(self.value) and "${" not in self.value


@dataclass(frozen=True)
class Option:
    """A file of a group, with the comment at its top."""

    name: str
    description: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Group:
    """A folder of conf/, with its comment and default in the defaults list."""

    name: str
    comment: str
    default: str
    options: tuple[Option, ...]

    @property
    def has_recipes(self) -> bool:
        """Whether its options set keys of other groups, and have none of their own."""
        return not any(option.keys for option in self.options)


def keys(node: Any, lines: list[str], prefix: str = "") -> Iterator[Key]:
    """The keys of a YAML tree, each with the comment on its line."""
    for key, value in node.value:
        line, name = lines[key.start_mark.line], f"{prefix}{key.value}"
        if key.value in ("_target_", "defaults"):
            continue
        if isinstance(value, yaml.MappingNode) and not value.flow_style:
            yield Key(name, "", comment(line, key.end_mark.column))
            if name not in FOREIGN:
                yield from keys(value, lines, f"{name}.")
        else:
            end = value.end_mark.column
            yield Key(name, line[value.start_mark.column : end], comment(line, end))


def comment(line: str, column: int) -> str:
    """The comment in a line after a column."""
    return line[column:].partition(" # ")[2]


def option(file: Path) -> Option:
    """The option in a file, with the keys of those in its defaults; without keys if it sets those of other groups."""
    lines = file.read_text().splitlines()
    heading = [line.removeprefix("#").strip() for line in takewhile(lambda line: line.startswith("#"), lines)]
    if heading[0] == "@package _global_":
        return Option(file.stem, " ".join(heading[1:]), ())
    content = yaml.safe_load(file.read_text())
    below = [option(file.with_name(f"{name}.yaml")) for name in content.get("defaults", ())]
    own = [*(key for one in below for key in one.keys), *keys(yaml.compose(file.read_text()), lines)]
    return Option(file.stem, " ".join(heading), tuple({key.name: key for key in own}.values()))


def groups() -> Iterator[Group]:
    """The groups, in the order of the defaults list."""
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
    """A table in Markdown; the first row is its head."""
    head, *body = (f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *body]) + "\n"


def overview() -> str:
    """The table of all groups."""
    rows = [(f"`{group.name}`", group.comment, ", ".join(_options_with_keys(group))) for group in groups()]
    return table(("group", "what it decides", "options with their own keys; the default in bold"), *rows)


def _options_with_keys(group: Group) -> Iterator[str]:
    for one in group.options:
        own = ", ".join(f"`{key.name}`" for key in one.keys if key.own)
        yield (f"**{one.name}**" if one.name == group.default else one.name) + (f" ({own})" if own else "")


def manual() -> str:
    """The content of docs/configuration.md."""
    text = (CONF / "config.yaml").read_text()
    top = list(keys(yaml.compose(text), text.splitlines()))
    ours, hydras = ([key for key in top if key.name.startswith("hydra") is theirs] for theirs in (False, True))
    parts = [HEAD, "## Groups\n", overview(), "## Keys of every run\n", table_of_keys(ours)]
    for group in groups():
        decides = group.comment[0].upper() + group.comment[1:]
        parts += [f"## {group.name}\n", f"{decides}. Default: `{group.name}={group.default}`.\n"]
        parts += [recipes(group)] if group.has_recipes else [section(group, one) for one in group.options]
    return "\n".join([*parts, "## Hydra\n", table_of_keys(hydras)])


def section(group: Group, one: Option) -> str:
    """The section of an option: its description, and its keys as they are typed."""
    prefix = group.name.replace("/", ".")
    typed = [Key(f"{prefix}.{key.name}", key.value, key.comment) for key in one.keys]
    heading = f"### {group.name}={one.name}\n\n{one.description}\n"
    return f"{heading}\n{table_of_keys(typed)}" if typed else heading


def recipes(group: Group) -> str:
    """A table of options that set keys of other groups, with links to their files."""
    rows = [(f"[`{one.name}`](../conf/{group.name}/{one.name}.yaml)", one.description) for one in group.options]
    return table(("option", "what it is"), *rows)


def table_of_keys(listed: list[Key]) -> str:
    """A table of keys with their defaults and comments."""
    rows = [(f"`{key.name}`", f"`{key.value}`" if key.value else "", key.comment) for key in listed]
    return table(("key", "default", "what it is"), *rows)


def metrics() -> str:
    """The table of the metrics."""
    head = ("metric", "meaning", "range", "better", "exact where the law is known")
    rows = [(f"`{one.name}`", _meaning(one), _range(one), one.better or "", ACCURACY[one.accuracy]) for one in METRICS]
    return table(head, *rows)


def _meaning(metric: Metric) -> str:
    return f"{HAVING[metric.having]}: {metric.meaning}" if HAVING[metric.having] else metric.meaning


def _range(metric: Metric) -> str:
    low, high = metric.range
    if metric.unit == "logits":
        return "any number"
    unit = ", in nats" if metric.unit == "nats" else ""
    return (f"≥ {low:g}" if math.isinf(high) else f"{low:g} to {high:g}") + unit


def runs_page() -> str:
    """The content of docs/runs.md with the table of the metrics."""
    before, begin, rest = RUNS.read_text().partition(BEGIN)
    return "".join([before, begin, metrics(), *rest.partition(END)[1:]])


def main() -> None:
    """Parses the command line, then writes or checks the pages."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is out of date")
    check = parser.parse_args().check
    for page, text, source in ((PAGE, manual(), "conf/"), (RUNS, runs_page(), "evaluation/registry.py")):
        name = f"docs/{page.name}"
        if page.exists() and page.read_text() == text:
            print(f"{name}: is up to date")
        elif check:
            sys.exit(f"error: {name}: out of date with {source}; python scripts/reference.py writes it again")
        else:
            page.write_text(text)
            print(f"{name}: written")


if __name__ == "__main__":
    script(main)
