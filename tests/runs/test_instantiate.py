import pytest

from patterngan.paths import CONF
from patterngan.runs.instantiate import build, build_offered, check_targets
from patterngan.storage.settings import settings
from patterngan.validation import InvalidValueError, UsageError

EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))


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
    with pytest.raises(UsageError, match="_target_=.*: (a loaded config may only name functions|cannot be imported)"):
        check_targets({"a": [{"b": {"_target_": target}}]})


def test_a_target_gets_those_of_the_offered_arguments_that_it_takes(config):
    network = build_offered(config("experiment=plain"), "architecture.discriminator", inputs=3, outputs=2, symbols=(1,))
    assert network[0].in_features == 3
    assert network[-1].out_features == 2
