"""Every key of conf/ is given values that it does not take: each is refused in one line, none changes its meaning."""

import pickle
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from patterngan import cli
from patterngan.paths import CONF
from patterngan.reporting.errors import message
from patterngan.reporting.overrides import literal
from patterngan.runs.run import prepare
from patterngan.storage.settings import leaves
from patterngan.storage.settings import settings as settings_of
from patterngan.validation import legible

BASE = ["experiment=plain", "steps=1", "batch_size=4", "evaluation.samples=16"]
"""What nearly every option goes with."""

NEEDED = {
    "pattern=listed": ["pattern.integers=[1,2]"],
    "encoding=onehot": ["pattern.k=5"],
    "objective=boundary_seeking": ["head=gumbel_straight_through"],
    "objective=maximum_likelihood": ["head=gumbel_straight_through"],
    "update=simultaneous": ["objective=boundary_seeking", "head=gumbel_straight_through"],
    "architecture=automaton": ["noise=none", "head=gumbel_straight_through", "objective=boundary_seeking"],
    "architecture=gated": ["noise=none", "head=gumbel_straight_through"],
    "architecture=transformer": ["noise=none", "head=gumbel_straight_through", "objective=boundary_seeking"],
}
"""What an option needs in addition."""

NOWHERE = ("nan", "'<script>\n; rm -rf ../../x'", "{_target_:nowhere.at_all}")
"""Values that no key takes; each key is given one of them, and its neighbours the others."""


def keys() -> Iterator[tuple[str, str]]:
    """Every option of every group, and none, with each key that it has, as they are typed.

    Arguments of loggers are left out: what they may be is for Lightning, W&B and MLflow to say.
    """
    for file in [CONF / "config.yaml", *CONF.glob("*/*.yaml")]:
        group = file.parent.relative_to(CONF).name
        content: Any = OmegaConf.to_container(OmegaConf.load(file))
        for name in (
            () if group in ("experiment", "hparams_search", "logger") else content.keys() - {"defaults", "hydra"}
        ):
            for key in nested({name: content[name]}, f"{group}." if group else ""):
                yield f"{group}={file.stem}" if group else "", key


def nested(content: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, value in content.items():
        if key != "_target_":
            yield prefix + key
            yield from nested(value, f"{prefix}{key}.") if isinstance(value, dict) else ()


KEYS = sorted(keys())


@pytest.fixture(scope="module")
def try_value(tmp_path_factory):
    """What `python train.py OPTION KEY=VALUE` comes to: the line of its error, or the default and the value taken."""
    bases: dict[str, bytes] = {}
    folder = tmp_path_factory.mktemp("none")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()

    def attempt(option, key, value):
        if option not in bases:
            overrides = [*BASE, *[option] * bool(option), *NEEDED.get(option, [])]
            bases[option] = pickle.dumps(loader.load_configuration("config", overrides, RunMode.RUN))
        config = pickle.loads(bases[option])
        default = OmegaConf.select(config, key)
        try:
            override = OverridesParser.create().parse_override(f"{key}={value}")
            loader._apply_overrides_to_config([override], config)
            prepare(config, folder, [])
        except cli.MISTAKES as error:
            return legible(message(error))
        return default, OmegaConf.to_container(OmegaConf.create({"value": OmegaConf.select(config, key)}))["value"]

    return attempt


def test_no_key_takes_what_means_nothing(try_value):
    assert len(KEYS) > 100
    odd = []
    for (option, key), value in zip(KEYS, cycle(NOWHERE), strict=False):
        line = try_value(option, key, value)
        names = (key.partition(".")[0], "nowhere.at_all")  # what others refer to may be met there first
        if not isinstance(line, str) or not line.isprintable() or not any(name in line for name in names):
            odd.append((option, key, value, line))
    assert odd == []


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**62, 2**63, 10**30, 10**400]),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.sampled_from([1e-320, 1e300, float("inf"), 0.99999999]),
    st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["3", "1e3", "true", "null", "../../x", "%s%n", "x" * 5000]),
)
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.lists(st.lists(scalars, max_size=2), max_size=2))


@given(st.sampled_from(KEYS), values)
@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_is_refused_in_one_line_or_means_what_was_typed(try_value, option_and_key, value):
    outcome = try_value(*option_and_key, literal(value))
    if isinstance(outcome, str):
        assert outcome.isprintable()
        assert len(outcome) < 1100
        return
    default, taken = outcome
    assert (taken, type(taken)) == (value, type(value))
    if not isinstance(value, list):
        assert type(value) in kinds(option_and_key[1], default)


def kinds(key, default):
    """The types of the values that a key takes, told from its default."""
    if isinstance(default, float) or key in ("pattern.holdout", "data.length_power") or key.endswith(".noise"):
        return int, float
    if key == "pattern.shown":
        return type(None), int
    return type(default), *[str] * (key in ("ckpt_path", "trainer.deterministic"))


TAKEN = {
    "lr=1e-2": ("lr", 0.01),
    "seed=4611686018427387904": ("seed", 2**62),
    "head.temperature=[1,0.5,cosine]": ("head.temperature", [1, 0.5, "cosine"]),
    "pattern.k=1_0": ("pattern.k", 10),
    "lr=1 lr=0.5": ("lr", 0.5),
    "++update.ema=0": ("update.ema", 0),
    "steps=int(2.9)": ("steps", 2),
}


@pytest.mark.parametrize("words", TAKEN)
def test_what_is_taken_is_recorded_as_typed(config, words):
    key, expected = TAKEN[words]
    recorded = dict(leaves(settings_of(config("experiment=plain", "head=softmax", *words.split()))))[key]
    assert (recorded, type(recorded)) == (expected, type(expected))
