import pytest

from patterngan.reporting.tags import (
    COMPARED,
    closeness,
    compared_keys,
    curve_points,
    folder_of_events,
    hyperparameters,
    label,
    tabled,
)


def test_hyperparameters_are_flat():
    settings = {"lr": 0.1, "noise": {"_target_": "a.b.Bits", "dim": 7}, "optimizer": {"betas": [0.5, 0.9]}}
    assert hyperparameters(settings) == {
        "lr": 0.1,
        "noise": "Bits",
        "noise.dim": 7,
        "optimizer.betas": "[0.5, 0.9]",
    }


def test_only_single_figures_are_curves():
    points = curve_points({"validity": 0.5, "modes": 3, "kl": None, "marginals": [0.1], "exact": True})
    assert points == {"metrics/validity": 0.5, "metrics/modes": 3.0}


def test_one_minus_tv_rises_as_validity_does():
    assert closeness({"tv": 0.25}) == {"metrics/1-tv": 0.75}
    assert closeness({"validity": 1.0}) == {}


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], ""),
        (["lr=0.001", "pattern.k=2", "seed=0"], "lr=0.001,pattern.k=2,seed=0"),
        (["penalty=[r1,r2]", "ckpt_path='/a/../b c'"], "penalty=[r1,r2],ckpt_path=_a_.._bc"),
        (["../../etc=1", "x=<b>$HOME~\n"], "_.._etc=1,x=bHOME"),
        (["lr=" + "9" * 400], "lr=" + "9" * 117),
    ],
)
def test_a_label_is_the_name_of_one_folder(overrides, name, tmp_path):
    assert label(overrides) == name
    assert (tmp_path / name).parent in (tmp_path, tmp_path.parent)
    (tmp_path / name).mkdir(exist_ok=True)


def test_events_are_found_where_they_are(tmp_path):
    assert folder_of_events(tmp_path, "lr=1") == tmp_path / "lr=1"
    other = tmp_path / "0" / ".hydra"
    other.mkdir(parents=True)
    (tmp_path / "0" / "events.out.tfevents.1").touch()  # of a run in a folder of its own
    assert folder_of_events(tmp_path, "lr=1") == tmp_path / "lr=1"
    (tmp_path / "lr=2").mkdir()
    (tmp_path / "lr=2" / "events.out.tfevents.1").touch()
    assert folder_of_events(tmp_path, "lr=1") == tmp_path / "lr=2"


def test_metrics_that_a_run_has_are_tabled_the_most_important_first():
    assert tabled({"tv": 0.5, "entropy": 1.0, "validity": 0.5}) == ["metrics/validity", "metrics/tv"]


def test_keys_that_were_typed_are_compared():
    typed = ["steps=1", "+trainer.profiler=simple", "~logger", "penalty@x=[r1]"]
    assert compared_keys(typed) == COMPARED | {"steps", "trainer.profiler", "logger", "penalty"}
