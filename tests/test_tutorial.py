"""docs/tutorial.md is held to the program: what it shows exists, what it types composes, what it quotes is so."""

import doctest
import re
import shlex
import shutil
import textwrap

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ValueType

from patterngan import CONF
from patterngan.runs.assembly import blueprint

ROOT = CONF.parent
PAGE = ROOT / "docs" / "tutorial.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)


def commands():
    """Every `python SCRIPT ARGUMENTS` on the page, split as a shell does."""
    typed = [line for kind, block in BLOCKS if not kind for line in block.replace("\\\n", " ").splitlines()]
    typed += re.findall(r"`(python [^`]+)`", PROSE)
    return [shlex.split(line.removeprefix("$ ")) for line in typed if re.match(r"(\$ )?python \S+\.py", line)]


TRAINED = [line[2:] for line in commands() if line[1] == "train.py"]


def single(typed):
    """The overrides of a sweep's first run."""
    for override in OverridesParser.create().parse_overrides(typed):
        swept = override.value_type not in (ValueType.ELEMENT, None)
        value = next(override.sweep_string_iterator()) if swept else override.get_value_element_as_str()
        yield f"{override.key_or_group}={value}"


@pytest.fixture(scope="module")
def conf(tmp_path_factory):
    """conf/ with the experiment that the page writes."""
    copy = tmp_path_factory.mktemp("tutorial") / "conf"
    shutil.copytree(CONF, copy)
    (block,) = [block for kind, block in BLOCKS if kind == "yaml"]
    (name,) = re.findall(r"`conf/(experiment/my_\w+\.yaml)`", PROSE)
    (copy / name).write_text(block, encoding="utf-8")
    return copy


def test_it_types_commands():
    assert len(TRAINED) > 10
    assert any("-m" in line for line in TRAINED)


@pytest.mark.parametrize("typed", TRAINED, ids=" ".join)
def test_every_training_it_types_could_start(typed, conf):
    overrides = list(single([word for word in typed if word != "-m"]))
    with initialize_config_dir(str(conf), version_base="1.3"):
        blueprint(compose("config", [override for override in overrides if not override.startswith("hydra.")]))


@pytest.mark.parametrize("script", sorted({line[1] for line in commands()}))
def test_every_script_it_types_exists(script):
    assert (ROOT / script).is_file()


def test_folders_are_made_before_they_are_read():
    made: set[str] = set()
    for line in commands():
        read = [word for word in line[2:] if word.startswith("outputs/")]
        assert made.issuperset(read), line
        made |= {word.partition("=")[2] for word in line if re.match(r"hydra\.(run|sweep)\.dir=", word)}


def test_every_link_and_image_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PROSE):
        assert (PAGE.parent / target).is_file(), target


def test_every_image_is_shown_and_made_by_a_command_of_the_page():
    shown = set(re.findall(r"!\[[^]]+\]\(images/([^)]+)\)", PROSE))
    shell = "\n".join(block for kind, block in BLOCKS if not kind)
    assert shown == {path.name for path in (PAGE.parent / "images").glob("tutorial_*")}
    for name in shown:
        assert f"docs/images/{name}" in shell
        assert (PAGE.parent / "images" / name).stat().st_size < 150_000


def test_what_its_python_prints_is_what_it_says():
    session = "".join(block for kind, block in BLOCKS if kind == "pycon")
    example = doctest.DocTestParser().get_doctest(session, {}, PAGE.name, str(PAGE), 0)
    assert doctest.DocTestRunner(verbose=False).run(example) == doctest.TestResults(0, len(example.examples))


def test_the_step_it_quotes_is_the_one_that_is_taken():
    (quoted,) = [block for kind, block in BLOCKS if kind == "python"]
    source = (ROOT / "src" / "patterngan" / "gan" / "updates.py").read_text(encoding="utf-8")
    assert textwrap.indent(quoted, " " * 8) in source
