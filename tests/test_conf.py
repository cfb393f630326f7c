import re

import pytest
import yaml

from patterngan.paths import CONF

FILES = sorted(str(file.relative_to(CONF)) for file in CONF.rglob("*.yaml"))
SHORT = [file for file in FILES if not file.startswith(("experiment/", "hparams_search/"))]
"""Files whose keys are read where they stand; an experiment's are explained where they come from."""

FORMATS = {("hydra", "job_logging"), ("hydra", "help")}
"""Sections in another project's format, of which the comment says all that is ours."""


def keys(node, path=()):
    """Every key of a YAML tree, as its path and its line; a defaults list counts by its groups."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from keys(item, path)
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        here = (*path, key.value)
        if here[-1] not in ("_target_", "defaults"):
            yield here, key.start_mark.line
        if here not in FORMATS:
            yield from keys(value, here)


@pytest.mark.parametrize("file", SHORT)
def test_every_key_says_what_it_is(file):
    text = (CONF / file).read_text()
    lines = text.splitlines()
    silent = [".".join(path) for path, number in keys(yaml.compose(text)) if " # " not in lines[number]]
    assert silent == []


@pytest.mark.parametrize("file", FILES)
def test_every_file_says_what_it_is(file):
    lines = (CONF / file).read_text().splitlines()
    if file.startswith(("experiment/", "hparams_search/")):
        assert lines.pop(0) == "# @package _global_"
    assert lines[0].startswith("# ")


def test_help_says_of_the_keys_of_every_run_what_config_yaml_says():
    text = (CONF / "config.yaml").read_text()
    config = yaml.safe_load(text)
    shown = re.findall(r"^(\w+)=(\S+) +(.*)$", config["hydra"]["help"]["template"], re.MULTILINE)
    assert shown == re.findall(r"^(\w+): (\S+) # (.*)$", text, re.MULTILINE)
    assert {key for key, _, _ in shown} == {*config} - {"defaults", "hydra"}
