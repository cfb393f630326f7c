import pytest

from patterngan import cli
from patterngan.validation import UsageError


@pytest.fixture
def folder(run, tmp_path):
    overrides = ["steps=20", "evaluate_every=10", "evaluation.samples=50", "encoding=onehot"]
    run(*overrides)
    (tmp_path / ".hydra").mkdir()
    return tmp_path, overrides


def test_resuming_types_the_runs_own_overrides_again(folder):
    path, overrides = folder
    asked = f"ckpt_path={path}/checkpoints/last.ckpt"
    assert cli.resumed([asked]) == [*overrides, f"hydra.run.dir='{path}'", asked]


def test_what_is_typed_now_wins(folder):
    path, _ = folder
    line = cli.resumed([f"ckpt_path={path}", "steps=40", "encoding=binary"])
    assert line[:2] == ["evaluate_every=10", "evaluation.samples=50"]
    assert line[-2:] == ["steps=40", "encoding=binary"]


def test_a_copied_checkpoint_and_a_sweep_get_folders_of_their_own(folder, tmp_path_factory):
    path, _ = folder
    copy = tmp_path_factory.mktemp("copies") / "some.ckpt"
    copy.write_bytes((path / "checkpoints" / "last.ckpt").read_bytes())
    for line in (cli.resumed([f"ckpt_path={copy}"]), cli.resumed(["-m", f"ckpt_path={path}", "lr=1e-3,1e-4"])):
        assert not [argument for argument in line if argument.startswith("hydra.run.dir")]


@pytest.mark.parametrize("line", [[], ["lr=1"], ["ckpt_path=missing.ckpt"], ["ckpt_path=null"], ["--help"]])
def test_other_command_lines_stay_as_they_are(line):
    assert cli.resumed(line) == line


def test_paths_of_any_spelling_survive_hydras_grammar():
    from hydra.core.override_parser.overrides_parser import OverridesParser

    for path in ("/a b/c", "it's", "x=1,y=2", "back\\slash", "end\\", "quoted\\'", "ünï", "[1]"):
        override = OverridesParser.create().parse_override("hydra.run.dir=" + cli.quoted(path))
        assert override.value() == path


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("patern.k=3", "patern.k=3: is no key; did you mean pattern.k?"),
        ("learning_rate=3", "learning_rate=3: is no key; python train.py --help lists the keys"),
        ("evaluate_evry=3", "evaluate_evry=3: is no key; did you mean evaluate_every?"),
    ],
)
def test_unknown_keys_get_a_near_match(override, line):
    assert cli.unknown_key(override) == line


def test_one_line_of_any_error():
    assert cli.one_line(UsageError("first\nsecond")) == "first"
    assert cli.one_line(OSError(13, "Permission denied", "/x")) == "/x: cannot be written or read (Permission denied)"
    assert cli.one_line(ValueError()) == "ValueError"
