import pytest

from patterngan import CONF
from patterngan.runs.assembly import assemble
from patterngan.runs.configs import SETTINGS, SURROUNDINGS, build, check_targets, settings
from patterngan.validation import InvalidValueError, UsageError

EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))


def test_every_key_is_either_a_setting_or_a_surrounding(config):
    assert set(config()) == {*SETTINGS, *SURROUNDINGS}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes_and_assembles(config, experiment):
    gan, data = assemble(config(f"experiment={experiment}"))
    assert data.steps in (500, 1000, 2000, 5000, 10_000)
    assert gan.evaluator.pattern.size in (64, 20, 10, 1)


def test_an_experiment_can_be_overridden(config):
    composed = config("experiment=multiples_of_five", "lr=0.5", "pattern.k=4", "pattern.stop=40")
    gan, _ = assemble(composed)
    assert gan.evaluator.encoding.width == 25 + 4
    assert composed.optimizer.generator.lr == composed.optimizer.discriminator.lr == 0.5


def test_settings_are_plain_and_resolved(config):
    plain = settings(config("encoding=onehot", "pattern.k=5"))
    assert plain["encoding"] == {"_target_": "patterngan.data.encodings.OneHot", "capacity": 100, "k": 5}
    assert type(plain["optimizer"]["betas"]) is list
    assert set(plain) == set(SETTINGS)


def test_errors_name_the_key_that_the_value_came_from(config):
    with pytest.raises(InvalidValueError, match="^lr=-1: "):
        build(config("lr=-1"), "optimizer.generator")
    with pytest.raises(InvalidValueError, match="^optimizer.generator.lr=-1: "):
        build(config("optimizer.generator.lr=-1"), "optimizer.generator")


def test_shipped_configs_are_trusted(config):
    for overrides in ([], *([f"experiment={name}"] for name in EXPERIMENTS)):
        check_targets(settings(config(*overrides)))


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "torch.load",
        "patterngan.training.datamodule.torch.load",  # a module that one of ours imports
        "patterngan.gan.optimizers.partial",  # a function that one of ours imports
        "patterngan.cli.script",  # ours, but no building block
        "patterngan.gan.noise.nothing",
        "",
        None,
        ["os.system"],
    ],
)
def test_foreign_targets_are_refused_at_any_depth(target):
    with pytest.raises(UsageError, match="may only name functions of patterngan"):
        check_targets({"a": [{"b": {"_target_": target}}]})
