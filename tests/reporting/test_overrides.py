import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from patterngan.reporting.overrides import is_harmless, is_repeated, literal, swept_keys


def value_of(override):
    return OverridesParser.create().parse_override(override).value()


@pytest.mark.parametrize("path", ["/a b/c", "it's", "x=1,y=2", "back\\slash", "end\\", "quoted\\'", "ünï", "[1]"])
def test_paths_of_any_spelling_survive_hydras_grammar(path):
    assert value_of("hydra.run.dir=" + literal(path)) == path


@pytest.mark.parametrize("value", [None, True, 3, -0.5, 1e-9, "none", "null", [], [1, 0.2, "cosine"]])
def test_plain_values_survive_hydras_grammar(value):
    assert value_of("key=" + literal(value)) == value


@pytest.mark.parametrize(
    "override",
    [
        "lr=1e-3,1e-4",
        "seed=range(0,100)",
        "objective=glob(*)",
        "head.temperature=[1,0.2,exponential]",
        "+trainer.x=-1",
        "~callbacks.pictures",
        "optimizer.decay='none'",
        "hydra/launcher=joblib",
        "hydra.launcher.max_members=8",
        "experiment=plain",
        "ckpt_path=/elsewhere/best.ckpt",
        "hydra.sweeper.zip=[[lr,update.ema]]",
        "hydra.sweeper.exclude=[{lr: 1e-2, pattern.k: 5}]",
        "hydra.sweeper.sampler.seed=3",
        "hydra.sweeper.direction=maximize",
    ],
)
def test_overrides_that_choose_and_set_known_keys_are_harmless(override):
    assert is_harmless(override)


@pytest.mark.parametrize(
    "override",
    [
        "+callbacks.x={_target_: os.system}",
        "callbacks.pictures._target_=os.system",
        "hydra.sweeper.exclude=[{_target_: os.system}]",
        "hydra.sweeper.exclude=[{lr: ${oc.env:HOME}}]",
        "hydra.searchpath=[file:///evil]",
        "hydra.launcher.setup=[reboot]",
        "hydra.launcher.address=evil:1",
        "--config-dir=/evil",
        "experiment=../../evil",
        "a@hydra.callbacks.x=multiples",
        "lr=${oc.env:HOME}",
        "lr=1\nevil",
        "ckpt_path=${oc.env:HOME}",
        "unknown=1",
    ],
)
def test_overrides_that_name_code_files_or_addresses_are_not(override):
    assert not is_harmless(override)


def test_a_target_is_harmless_where_its_package_is_trusted():
    assert is_harmless("pattern._target_=mylab.squares", ["mylab"])
    for override in ("pattern._target_=mylaboratory.squares", "callbacks.x._target_=mylab.x", "mylab._target_=mylab.x"):
        assert not is_harmless(override, ["mylab"])


@pytest.mark.parametrize(
    "override", ["lr=1", "pattern=primes", "penalty=[r1,r2]", "experiment=plain", "+trainer.profiler=simple"]
)
def test_a_resumed_run_takes_its_settings_from_its_checkpoint(override):
    assert is_repeated(override)


@pytest.mark.parametrize(
    "override",
    [
        "logger=wandb",
        "+trainer.max_time=00:01:00",
        "~callbacks.pictures",
        "pattern._target_=a.b",
        "ckpt_path=a",
        "[",
    ],
)
def test_what_a_checkpoint_is_not_trusted_with_is_typed_again(override):
    assert not is_repeated(override)


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("{hydra: {overrides: {task: ['seed=range(0,4)', 'lr=1,2', k=3, 'penalty=[r1,r2]']}}}", ("lr", "seed")),
        ("{hydra: {overrides: {task: []}}}", ()),
        (
            "{hydra: {overrides: {task: ['k=choice(2,3)', 'b=1']}, sweeper: {params: {a: '1,2', b: '1,2', c: 3}}}}",
            ("a", "k"),
        ),
        ("{hydra: {overrides: {task: [k=1]}, sweeper: {params: 3}}}", ()),
        ("{hydra: {overrides: 3}}", ()),
        ("[", ()),
    ],
)
def test_the_swept_keys_are_those_with_several_values(tmp_path, content, keys):
    assert swept_keys(tmp_path / "sweep" / "0") == ()
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "multirun.yaml").write_text(content)
    assert swept_keys(tmp_path / "sweep" / "0") == swept_keys(tmp_path / "sweep" / "a" / "b") == keys
