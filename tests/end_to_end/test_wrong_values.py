"""Every key of conf/ is given values that it does not take: each is refused in one line, none changes its meaning."""

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from patterngan import CONF, cli
from patterngan.mistakes import readable
from patterngan.runs.resuming import literal
from patterngan.runs.run import prepare
from tests.scripts.test_reference import reference

BASE = ["experiment=plain", "steps=1", "batch_size=4", "evaluation.samples=16"]
"""What nearly every option goes with."""

NEEDED = {
    "pattern=listed": ["pattern.integers=[1,2]"],
    "encoding=onehot": ["pattern.k=5"],
    "objective=boundary_seeking": ["head=gumbel_straight_through"],
}
"""What an option needs in addition."""

NOWHERE = (
    "nan",
    "''",
    "???",
    "'<script>\n; rm -rf ../../x'",
    "{_target_:os.system}",
    "[[1,2],[3]]",
)
"""Values that no key takes."""

FRACTIONS = ("pattern.holdout",)
"""Keys with a whole number as default that take others."""


def chosen() -> Iterator[tuple[str, list[Any]]]:
    """Every option of every group of ours, and none, with the keys that it has, as they are typed."""
    text = (CONF / "config.yaml").read_text()
    top = reference.keys(yaml.compose(text), text.splitlines())
    yield "", [key.name for key in top if not key.name.startswith("hydra")]
    for group in reference.groups():
        for option in () if group.name.startswith("hydra") else group.options:
            yield f"{group.name}={option.name}", [f"{group.name}.{key.name}" for key in option.keys]


@pytest.fixture(scope="module")
def try_key():
    """What `python train.py OPTION KEY=VALUE` comes to: the line of its error, or its run, ready to train."""
    bases: dict[str, bytes] = {}
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()

        def attempt(option, key, value):
            if option not in bases:
                overrides = [*BASE, *[option] * bool(option), *NEEDED.get(option, [])]
                bases[option] = pickle.dumps(compose("config", overrides))
            config = pickle.loads(bases[option])
            try:
                (line,) = cli.tidied([f"{key}={value}"])
                loader._apply_overrides_to_config([OverridesParser.create().parse_override(line)], config)
                return prepare(config)
            except cli.MISTAKES as error:
                return readable(cli.one_line(error))

        attempt.bases = bases
        yield attempt


CASES = [(option, key, value) for option, keys in chosen() for key in keys for value in NOWHERE]


def test_666_wrong_values_of_every_key(try_key):
    """Keys are read from conf/: a new one is tried too, and changes this test's name."""
    assert len(CASES) == 666
    odd = []
    for case in CASES:
        line = try_key(*case)
        named = (case[1].partition(".")[0], "os.system")  # what others refer to may be met there first
        if not isinstance(line, str) or not any(name in line for name in named) or "\n" in line:
            odd.append((*case, line))
    assert not odd, odd


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


@given(st.sampled_from([(option, key) for option, keys in chosen() for key in keys]), values)
@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_is_refused_in_one_line_or_means_what_was_typed(try_key, where, value):
    option, key = where
    found = try_key(option, key, literal(value))
    if isinstance(found, str):
        assert "\n" not in found
        assert len(found) < 1100
        return
    recorded = OmegaConf.to_container(OmegaConf.create({"found": OmegaConf.select(found.config, key)}))["found"]
    assert (recorded, type(recorded)) == (value, type(value))
    if not isinstance(value, list):
        default = OmegaConf.select(pickle.loads(try_key.bases[option]), key)
        assert type(value) in kinds(key, default)


def kinds(key, default):
    """The types of the values that a key can take, told from its default."""
    if isinstance(default, float) or key in FRACTIONS:
        return int, float
    return type(default), *[str] * (key in ("ckpt_path", "trainer.deterministic"))
