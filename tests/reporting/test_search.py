import json
import math

import pytest
import yaml

from patterngan.reporting.overrides import noted
from patterngan.reporting.search import Parameter, go_on_command, importances, search_of
from patterngan.reporting.search_figures import figures_of
from patterngan.reporting.sweep import rows
from tests.reporting.test_sweep import run

SWEEPER = {
    "_target_": "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper",
    "direction": "minimize",
    "storage": None,
    "n_trials": 8,
    "sampler": {"seed": 0},
    "params": {
        "lr": "tag(log, interval(1e-4, 1e-2))",
        "architecture.width": "choice(16, 32)",
        "steps": "interval(1, 9)",
    },
}
TYPED = {"task": ["hparams_search=optuna", "steps=9"], "hydra": ["hydra/sweeper=optuna", "hydra.sweep.dir=x"]}


def note(folder, typed=TYPED, metric="tv", **changes):
    """Writes what a search's command notes in its folder."""
    hydra = {"sweeper": SWEEPER | changes, "overrides": typed}
    (folder / "multirun.yaml").write_text(yaml.safe_dump({"optimized_metric": metric, "hydra": hydra}, sort_keys=False))


@pytest.fixture
def folder(tmp_path):
    """Eight trials, in which only lr matters; 5 is the best, and one diverged."""
    for number in range(8):
        lr = 10 ** (-4 + 2 * (number * 5 % 8) / 7)
        overrides = [f"lr={lr}", f"architecture.width={(16, 32)[number % 2]}", "steps=9"]
        run(tmp_path / str(number), overrides=overrides, tv=0.5 + abs(math.log10(lr) + 3.5) / 10, validity=0.5)
    run(tmp_path / "8", "diverged", ["lr=0.01", "architecture.width=16", "steps=9"], "at step 3")
    note(tmp_path)
    return tmp_path


def found(folder):
    return search_of(noted(folder), rows(folder))


def test_a_search_knows_what_it_chose_from(folder):
    search = found(folder)
    assert search.parameters == [Parameter("lr", (), 1e-4, 1e-2, True), Parameter("architecture.width", ("16", "32"))]
    assert (search.metric, search.minimizes, len(search.trials), len(search.completed)) == ("tv", True, 9, 8)


def test_the_best_trial_is_the_one_that_optuna_would_name(folder):
    values = {row.name: json.loads((folder / row.name / "result.json").read_text())["metrics"] for row in rows(folder)}
    row, value = found(folder).best
    assert value == min(one["tv"] for one in values.values() if one)
    assert values[row.name]["tv"] == value
    note(folder, direction="maximize")
    assert found(folder).best[1] == max(one["tv"] for one in values.values() if one)


def test_what_a_trial_chose_is_told_in_few_digits(folder):
    search = found(folder)
    assert search.chosen(search.trials[1]) == "lr=0.00268 architecture.width=32"


def test_places_are_logarithmic_where_the_search_is():
    assert Parameter("lr", (), 1e-4, 1e-2, True).place("1e-3") == pytest.approx(0.5)
    assert Parameter("lr", (), 0, 10).place("2") == pytest.approx(0.2)
    assert [Parameter("width", ("a", "b", "c")).place(one) for one in "abc"] == [0, 0.5, 1]
    assert Parameter("one", ("a",)).place("a") == 0
    assert Parameter("lr", (), 1, 1).place("1") == 0.5


@pytest.mark.parametrize(
    ("typed", "parameter"),
    [
        ("range(16,32,4)", Parameter("x", (), 16, 32)),
        ("range(8)", Parameter("x", (), 0, 8)),
        ("range(0.5,1.5,0.25)", Parameter("x", (), 0.5, 1.5)),
        ("shuffle(range(0,3))", Parameter("x", ("0", "1", "2"))),
        ("interval(0,2)", Parameter("x", (), 0, 2)),
        ("a,b", Parameter("x", ("a", "b"))),
    ],
)
def test_a_range_is_one_of_numbers_up_to_its_stop(folder, typed, parameter):
    note(folder, params={"x": typed})
    shown = found(folder).parameters[0]
    assert (shown.low, shown.high, sorted(shown.choices)) == (parameter.low, parameter.high, sorted(parameter.choices))


def test_trials_of_values_that_cannot_be_chosen_any_more_are_left_out(folder):
    for number, width in (("20", "64"), ("21", "x")):
        run(folder / number, overrides=["lr=0.001", f"architecture.width={width}", "steps=9"], tv=0.1, validity=0.5)
    assert len(found(folder).trials) == 9
    note(folder, params=SWEEPER["params"] | {"architecture.width": "range(16,65,16)"})
    assert len(found(folder).trials) == 10
    assert found(folder).best[0].name == "20"
    assert len(figures_of(found(folder))) >= 2


@pytest.mark.parametrize(
    "changes",
    [{"_target_": "hydra_plugins.patterngan_sweeps.grid_sweeper.GridSweeper"}, {"direction": ["minimize", "maximize"]}],
)
def test_another_sweeper_and_several_aims_are_no_search(folder, changes):
    note(folder, **changes)
    assert found(folder) is None


@pytest.mark.parametrize("text", [None, "hydra: 3", "[]", "hydra: {sweeper: {_target_: optuna, direction: minimize}}"])
def test_a_folder_that_does_not_say_is_no_search(folder, text):
    (folder / "multirun.yaml").unlink()
    if text is not None:
        (folder / "multirun.yaml").write_text(text)
    assert found(folder) is None


def test_a_search_without_a_completed_trial_has_no_best(tmp_path):
    run(tmp_path / "0", "failed", ["lr=1e-3", "architecture.width=16"], "no")
    note(tmp_path)
    assert found(tmp_path).best is None


def test_the_command_that_goes_on_doubles_the_trials_in_the_same_folder(folder):
    typed = {**TYPED, "hydra": [*TYPED["hydra"], "hydra.sweeper.n_trials=8"]}
    note(folder, typed)
    words = go_on_command(found(folder), folder).split()
    assert words[-6:-1] == [
        "-m",
        "hparams_search=optuna",
        "steps=9",
        "hydra/sweeper=optuna",
        "hydra.sweeper.n_trials=16",
    ]
    assert words[-1] == f"hydra.sweep.dir={folder}"
    note(folder, typed, n_trials=10)  # of which nine have ended
    assert "hydra.sweeper.n_trials=10" in go_on_command(found(folder), folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"sampler": {"seed": None}},
        {"sampler": None},
        {"sampler": 3},
        {"storage": "sqlite:///x.db"},
        {"n_trials": "9;reboot"},
    ],
)
def test_a_search_that_would_choose_other_values_has_no_such_command(folder, changes):
    note(folder, **changes)
    assert go_on_command(found(folder), folder) is None


def test_a_command_of_a_strangers_search_names_no_code_but_that_of_trusted_packages(folder):
    note(folder, {**TYPED, "task": [*TYPED["task"], "pattern._target_=mylab.squares"]})
    assert go_on_command(found(folder), folder) is None
    assert "pattern._target_=mylab.squares" in go_on_command(found(folder), folder, ["mylab"])


def test_importances_find_what_matters_and_need_some_trials(folder):
    pytest.importorskip("optuna")
    shares = importances(found(folder))
    assert list(shares) == ["lr", "architecture.width"]
    assert shares["lr"] > 0.7
    assert sum(shares.values()) == pytest.approx(1)
    few = rows(folder)[:3]
    assert importances(search_of(noted(folder), few)) == {}


def test_without_optuna_there_are_no_importances(folder, monkeypatch):
    monkeypatch.setattr("patterngan.reporting.search.find_spec", lambda name: None)
    assert importances(found(folder)) == {}
