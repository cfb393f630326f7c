"""README.md and docs/ are held to the program: what they type starts, what they quote is so, what they name exists."""

import re
import runpy
import shutil
import sys
import textwrap

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from patterngan.evaluation.verdict import MEANINGS
from patterngan.paths import CONF
from patterngan.runs.assembly import run_spec
from tests.docs.pages import DOCS, PAGES, README, Command
from tests.support.commands import ROOT

COMMANDS = sorted({command for page in PAGES for command in page.commands})
MISTAKES = [command for command in COMMANDS if command.error]


def scripts() -> dict[tuple[str, ...], set[str]]:
    """A script, with its subcommand where it has some → the options with which the pages type it."""
    options: dict[tuple[str, ...], set[str]] = {}
    for command in COMMANDS:
        if command.script != "train.py":
            subcommand = [word for word in command.arguments[:1] if re.fullmatch("[a-z_]+", word)]
            typed = {word for word in command.arguments if word.startswith("-")}
            options.setdefault((command.script, *subcommand), set()).update(typed)
    return options


SCRIPTS = scripts()

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.fixture(scope="module")
def conf(tmp_path_factory):
    """conf/ with the experiment that the tutorial writes."""
    copy = tmp_path_factory.mktemp("tutorial") / "conf"
    shutil.copytree(CONF, copy)
    (experiment,) = DOCS["tutorial"].blocks("yaml")
    (name,) = re.findall(r"`conf/(experiment/my_\w+\.yaml)`", DOCS["tutorial"].prose)
    (copy / name).write_text(experiment, encoding="utf-8")
    return copy


def first_run(command: Command) -> tuple[str, ...]:
    """The overrides of a run, or of a sweep's first one, without what is Hydra's or a checkpoint's."""
    own = [word for word in command.arguments if not word.startswith(("-", "hydra", "hparams_search=", "ckpt_path="))]
    return tuple(
        f"{override.get_key_element()}={next(override.sweep_string_iterator())}"
        if override.is_sweep_override()
        else override.input_line
        for override in OverridesParser.create().parse_overrides(own)
    )


FIRST_RUNS = {
    first_run(command)
    for command in COMMANDS
    if command.script == "train.py"
    and not command.error
    and not {"--help", "--cfg", "--hydra-help"}.intersection(command.arguments)
    and "pattern=triangular" not in command.arguments  # of a package that is not installed here
}


@pytest.mark.parametrize("overrides", sorted(FIRST_RUNS), ids=" ".join)
def test_every_training_that_is_typed_could_start(overrides, conf):
    with initialize_config_dir(str(conf), version_base="1.3"):
        run_spec(compose("config", list(overrides)))


@pytest.mark.parametrize("command", MISTAKES, ids=str)
def test_every_mistake_ends_with_the_line_that_is_shown(command, typed):
    outcome = typed("train", *command.arguments)
    assert (outcome.code, outcome.err, outcome.made) == (2, f"{command.error}\n", [])


@pytest.mark.parametrize("command", SCRIPTS, ids=" ".join)
def test_every_script_has_the_commands_and_options_that_are_typed(command, monkeypatch, capsys):
    script, subcommand = ROOT / command[0], command[1:]
    monkeypatch.syspath_prepend(str(script.parent))
    monkeypatch.setattr(sys, "argv", [script.name, *subcommand, "--help"])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(script), run_name="__main__")
    assert not left.value.code
    assert SCRIPTS[command] <= set(re.findall(r"-[\w-]+", capsys.readouterr().out))


@pages
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.prose):
        path = (page.path.parent / target).resolve() if target else page.path
        assert path.is_file(), target
        assert not anchor or anchor in next(other for other in PAGES if other.path == path).anchors, anchor


@pages
def test_every_file_that_is_named_exists(page):
    for file in re.findall(r"`((?:src|conf|scripts|tests|docs)/[^`\s…]*)`", page.prose):
        assert (ROOT / file).exists() or "/my_" in file, file  # my_: what the reader writes


@pages
def test_every_make_target_exists(page):
    targets = re.findall(r"^make (\w+)", "\n".join(page.blocks()), re.MULTILINE)
    targets += re.findall(r"`make (\w+)", page.prose)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in targets:
        assert f"\n{target}:" in makefile, target


@pytest.mark.parametrize("page", DOCS.values(), ids=lambda page: page.name)
def test_every_page_of_docs_is_linked_from_the_readme(page):
    assert f"]({page.name})" in README.prose


def test_the_readme_has_at_most_200_lines():
    assert len(README.text.splitlines()) <= 200


@pytest.mark.parametrize("page", [README, DOCS["tutorial"]], ids=lambda page: page.name)
def test_the_gan_step_that_is_quoted_is_the_one_that_is_taken(page):
    (step,) = page.snippets("python")
    assert textwrap.indent(step.lines, " " * 8) in (ROOT / step.file).read_text(encoding="utf-8")


def test_the_rooms_of_the_readme_are_those_of_the_code():
    (rooms,) = (block for block in README.blocks() if block.startswith("validation.py"))
    named = {line.split()[0] for line in rooms.splitlines()}
    code = ROOT / "src" / "patterngan"
    assert {f"{path.parent.name}/" for path in code.glob("*/__init__.py")} < named
    assert all((code / name).exists() for name in named)


def test_every_verdict_is_explained_in_the_words_of_the_page_of_a_run():
    rows = re.findall(r"^\| (.*?) \| .*? \| (.*?) ?\|$", DOCS["runs"].prose, re.MULTILINE)
    assert MEANINGS.items() <= set(rows)
