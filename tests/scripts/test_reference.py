import sys

import pytest
import reference
import yaml

from patterngan import CONF
from patterngan.validation import UsageError
from tests.support.commands import ROOT

OPTIONS = [(str(file.parent.relative_to(CONF)), file.stem) for file in sorted(CONF.rglob("*/*.yaml"))]


def test_readme_and_manual_are_up_to_date():
    for page, text in reference.pages().items():
        assert page.read_text() == text, "python scripts/reference.py writes it again"


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_occurs(group, option):
    (row,) = (line for line in reference.overview().splitlines() if line.startswith(f"| `{group}` |"))
    assert option in row.rpartition("|")[0].rpartition("|")[2].replace("*", "").replace(",", "").split()
    manual = reference.manual()
    assert f"\n### {group}={option}\n" in manual or f"](../conf/{group}/{option}.yaml)" in manual


def test_keys_have_their_values_and_comments():
    text = 'a: 5e-3 # rate\nb: # section\n  _target_: x.y\n  c: [1, "#"] # list\n  d: ${a}\ne: {} # none'
    found = list(reference.keys(yaml.compose(text), text.splitlines()))
    assert found == [
        reference.Key("a", "5e-3", "rate"),
        reference.Key("b", "", "section"),
        reference.Key("b.c", '[1, "#"]', "list"),
        reference.Key("b.d", "${a}", ""),
        reference.Key("e", "{}", "none"),
    ]
    assert [key.name for key in found if key.own] == ["a", "b.c", "e"]


def test_a_page_that_is_out_of_date_is_told_and_written(monkeypatch, tmp_path, capsys):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text())
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["reference.py", "--check"])
    with pytest.raises(SystemExit) as left:
        reference.main()
    assert left.value.code == (
        "error: docs/configuration.md: out of date with conf/; python scripts/reference.py writes it again"
    )
    monkeypatch.setattr(sys, "argv", ["reference.py"])
    reference.main()
    assert capsys.readouterr().out == "docs/configuration.md: written\n"
    monkeypatch.setattr(sys, "argv", ["reference.py", "--check"])
    reference.main()
    (tmp_path / "README.md").write_text("# patterngan\n")
    with pytest.raises(UsageError, match=r"^README\.md: must have the lines "):
        reference.main()
