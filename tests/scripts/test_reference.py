import sys

import pytest
import reference
import yaml

from patterngan.evaluation.registry import METRICS
from patterngan.paths import CONF

OPTIONS = [(str(file.parent.relative_to(CONF)), file.stem) for file in sorted(CONF.rglob("*/*.yaml"))]


def test_the_pages_are_up_to_date():
    assert reference.PAGE.read_text() == reference.manual(), "python scripts/reference.py writes it again"
    assert reference.RUNS.read_text() == reference.runs_page(), "python scripts/reference.py writes it again"


def test_every_metric_has_its_line_and_its_range():
    lines = reference.metrics().splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == [metric.name for metric in METRICS]
    (forward_kl,) = (line for line in lines if line.startswith("| `forward_kl` |"))
    assert "| ≥ 0, in nats | lower | yes |" in forward_kl
    (unseen,) = (line for line in lines if line.startswith("| `unseen_coverage` | with a holdout: "))
    assert unseen.endswith("| 0 to 1 | higher | as the expected value over the draws |")


def test_every_option_occurs():
    overview, manual = reference.overview().splitlines(), reference.manual()
    for group, option in OPTIONS:
        (row,) = (line for line in overview if line.startswith(f"| `{group}` |"))
        assert option in row.rpartition("|")[0].rpartition("|")[2].replace("*", "").replace(",", "").split()
        assert f"\n### {group}={option}\n" in manual or f"](../conf/{group}/{option}.yaml)" in manual


def test_an_option_has_the_keys_of_its_defaults_and_its_own_win():
    automaton, gated = (reference.option(CONF / "architecture" / f"{name}.yaml") for name in ("automaton", "gated"))
    assert [key.name for key in gated.keys] == [key.name for key in automaton.keys]
    assert [key.value for key in gated.keys if key not in automaton.keys] == ["gated"]


def test_keys_have_their_values_and_comments():
    text = 'a: 5e-3 # rate\nb: # section\n  _target_: x.y\n  c: [1, "#"] # list\n  d: ${a}\ne: {} # none'
    keys = list(reference.keys(yaml.compose(text), text.splitlines()))
    assert keys == [
        reference.Key("a", "5e-3", "rate"),
        reference.Key("b", "", "section"),
        reference.Key("b.c", '[1, "#"]', "list"),
        reference.Key("b.d", "${a}", ""),
        reference.Key("e", "{}", "none"),
    ]
    assert [key.name for key in keys if key.own] == ["a", "b.c", "e"]


def test_a_page_that_is_out_of_date_is_told_and_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(reference, "PAGE", tmp_path / "configuration.md")
    monkeypatch.setattr(reference, "RUNS", tmp_path / "runs.md")
    reference.RUNS.write_text(f"# Runs\n{reference.BEGIN}| old |\n{reference.END}\nmore\n")
    monkeypatch.setattr(sys, "argv", ["reference.py", "--check"])
    with pytest.raises(SystemExit) as left:
        reference.main()
    assert left.value.code == (
        "error: docs/configuration.md: out of date with conf/; python scripts/reference.py writes it again"
    )
    assert not reference.PAGE.exists()
    monkeypatch.setattr(sys, "argv", ["reference.py"])
    reference.main()
    assert capsys.readouterr().out == "docs/configuration.md: written\ndocs/runs.md: written\n"
    assert reference.RUNS.read_text() == f"# Runs\n{reference.BEGIN}{reference.metrics()}{reference.END}\nmore\n"
    monkeypatch.setattr(sys, "argv", ["reference.py", "--check"])
    reference.main()
    assert capsys.readouterr().out == "docs/configuration.md: is up to date\ndocs/runs.md: is up to date\n"
