import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from patterngan.resuming import quoted, resumed


@pytest.fixture
def folder(run, tmp_path):
    overrides = ["steps=20", "evaluate_every=10", "evaluation.samples=50", "encoding=onehot"]
    run(*overrides)
    (tmp_path / ".hydra").mkdir()
    return tmp_path, overrides


def test_resuming_types_the_runs_own_overrides_again(folder):
    path, overrides = folder
    asked = f"ckpt_path={path}/checkpoints/last.ckpt"
    assert resumed([asked]) == [*overrides, f"hydra.run.dir='{path}'", asked]


def test_what_is_typed_now_wins(folder):
    path, _ = folder
    line = resumed([f"ckpt_path={path}", "steps=40", "encoding=binary"])
    assert line[:2] == ["evaluate_every=10", "evaluation.samples=50"]
    assert line[-2:] == ["steps=40", "encoding=binary"]


def test_a_copied_checkpoint_and_a_sweep_get_folders_of_their_own(folder, tmp_path_factory):
    path, _ = folder
    copy = tmp_path_factory.mktemp("copies") / "some.ckpt"
    copy.write_bytes((path / "checkpoints" / "last.ckpt").read_bytes())
    for line in (resumed([f"ckpt_path={copy}"]), resumed(["-m", f"ckpt_path={path}", "lr=1e-3,1e-4"])):
        assert not [argument for argument in line if argument.startswith("hydra.run.dir")]


@pytest.mark.parametrize("line", [[], ["lr=1"], ["ckpt_path=missing.ckpt"], ["ckpt_path=null"], ["--help"]])
def test_other_command_lines_stay_as_they_are(line):
    assert resumed(line) == line


def test_paths_of_any_spelling_survive_hydras_grammar():
    for path in ("/a b/c", "it's", "x=1,y=2", "back\\slash", "end\\", "quoted\\'", "ünï", "[1]"):
        override = OverridesParser.create().parse_override("hydra.run.dir=" + quoted(path))
        assert override.value() == path
