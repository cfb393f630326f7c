import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from patterngan.paths import CONF
from patterngan.reporting.titles import title


@pytest.fixture
def titled():
    """The title of a run that was started with these overrides."""

    def of(*overrides):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return title(OmegaConf.to_container(compose("config", list(overrides)), resolve=False))

    return of


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], "even numbers below 128 · boundary_seeking · autoregressive"),
        (["experiment=even_numbers"], "even numbers below 128 · nonsaturating · linear"),
        (["experiment=odd_numbers"], "odd numbers below 128 · nonsaturating · linear"),
        (["experiment=multiples_of_five"], "multiples of five below 50 · nonsaturating · linear"),
        (["experiment=rule"], "multiples of three below 4096 · boundary_seeking · automaton"),
        (["architecture=transformer"], "even numbers below 128 · boundary_seeking · transformer"),
        (["architecture=gated"], "even numbers below 128 · boundary_seeking · gated"),
        (["architecture=recurrent", "encoding.capacity=50"], "even numbers below 50 · boundary_seeking · recurrent"),
        (["pattern.k=13"], "multiples of 13 below 128 · boundary_seeking · autoregressive"),
        (
            ["pattern.k=3", "pattern.residue=1"],
            "numbers below 128 with remainder 1 on division by 3 · boundary_seeking · autoregressive",
        ),
        (["encoding.capacity=1099511627776"], "even numbers below 2^40 · boundary_seeking · autoregressive"),
        (["pattern=primes"], "primes below 128 · boundary_seeking · autoregressive"),
        (["pattern=parity"], "numbers below 128 with an even number of ones · boundary_seeking · autoregressive"),
        (["pattern=cardinality"], "numbers of 7 bits with three ones · boundary_seeking · autoregressive"),
        (["pattern=bars_and_stripes"], "bars and stripes of 2 × 3 · boundary_seeking · autoregressive"),
        (["pattern=listed", "pattern.integers=[3,1]"], "3, 1 · boundary_seeking · autoregressive"),
        (["pattern=listed", "pattern.integers=[1,2,3,4,5,6]"], "1, 2, 3, 4, 5, … · boundary_seeking · autoregressive"),
    ],
)
def test_a_run_is_called_by_what_it_learns_and_how(titled, overrides, expected):
    assert titled(*overrides) == expected


WHOLE = {
    "pattern": {"_target_": "patterngan.data.patterns.Multiples", "k": 2, "residue": 0, "stop": 9},
    "objective": {"_target_": "patterngan.gan.objectives.NonSaturating"},
    "architecture": {"generator": {"_target_": "elsewhere.networks.Skip"}},
}


def test_what_is_not_patterngans_own_is_called_by_its_name():
    assert title(WHOLE) == "even numbers below 9 · nonsaturating · Skip"
    assert title(WHOLE | {"pattern": {"_target_": "elsewhere.patterns.Squares"}}) == "Squares · nonsaturating · Skip"


@pytest.mark.parametrize(
    "changes",
    [
        {"pattern": 3},
        {"pattern": {"_target_": []}},
        {"objective": None},
        {"architecture": {"generator": ["a"]}},
    ],
)
def test_a_config_that_says_nothing_has_no_title(changes):
    assert title(WHOLE | changes) is None
    assert title(changes) is None
    assert title([changes]) is None


@pytest.mark.parametrize("values", [{"k": [2]}, {"residue": "x"}, {"k": None, "residue": {}}, {"stop": []}])
def test_values_of_any_kind_are_shown_or_left_out(values):
    assert isinstance(title(WHOLE | {"pattern": WHOLE["pattern"] | values}), str)
    listed = {"_target_": "patterngan.data.patterns.Listed", **values}
    assert title(WHOLE | {"pattern": listed}) == "listed · nonsaturating · Skip"
