import pytest

from patterngan.storage.settings import RUNTIME_KEYS, SETTINGS, leaves, option_with, settings


def test_every_key_of_a_config_is_either_a_setting_or_a_runtime_key(config):
    assert set(config()) == {*SETTINGS, *RUNTIME_KEYS}


def test_settings_are_plain_and_resolved(config):
    plain = settings(config("encoding=onehot", "pattern.k=5"))
    assert plain["encoding"] == {"_target_": "patterngan.data.encodings.OneHot", "capacity": 100, "k": 5}
    assert type(plain["optimizer"]["betas"]) is list
    assert set(plain) == set(SETTINGS)


def test_leaves_have_dotted_keys():
    assert dict(leaves({"a": {"b": {"c": 1}}, "d": [2]})) == {"a.b.c": 1, "d": [2]}


@pytest.mark.parametrize(
    ("key", "target", "option"),
    [
        ("objective._target_", "patterngan.gan.objectives.Hinge", "hinge"),
        ("architecture.generator._target_", "patterngan.gan.networks.mlp", "mlp"),
        ("objective._target_", "mylab.losses.Own", "Own"),
    ],
)
def test_an_option_is_known_by_its_target(key, target, option):
    assert option_with(key, target) == option
