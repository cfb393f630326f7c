import itertools

import pytest
import torch
from pytorch_lightning.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch.utils.tensorboard.summary import text

from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.portraits import Portrait
from patterngan.reporting.events import (
    COMPARED,
    EventFile,
    compared_keys,
    curve_points,
    folder_of_events,
    hyperparameter_summaries,
    hyperparameters,
    label,
    write_evaluation,
)
from patterngan.reporting.history import history


def read(folder):
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()


def write_ours(folder):
    file = EventFile(folder, purge_step=0)
    for step in (1, 2):
        file.scalars({"losses/a": step / 3, "losses/b": -1.5}, step)
        file.flush()
    file.add(text("samples", "`1 2 3`"), 2)
    for summary in hyperparameter_summaries({"lr": 1e-3, "noise": "Bits"}, ["metrics/tv"], ["noise"]):
        file.add(summary)
    file.flush()


def write_theirs(folder):
    logger = TensorBoardLogger(folder, name="", version="", default_hp_metric=False)
    for step in (1, 2):
        logger.log_metrics({"losses/a": step / 3, "losses/b": -1.5}, step)
    logger.experiment.add_text("samples", "`1 2 3`", 2)
    logger.log_hyperparams({"lr": 1e-3, "noise": "Bits"}, {"metrics/tv": 0.5}, step=0)
    logger.finalize("success")


def test_what_is_written_is_read_as_if_it_came_from_tensorboards_writer(tmp_path):
    write_ours(tmp_path / "ours")
    write_theirs(tmp_path / "theirs")
    ours, theirs = read(tmp_path / "ours"), read(tmp_path / "theirs")
    for tag in ("losses/a", "losses/b"):
        points = [[(one.step, one.value) for one in events.Scalars(tag)] for events in (ours, theirs)]
        assert points[0] == points[1]
    texts = [events.Tensors("samples/text_summary")[0].tensor_proto.string_val for events in (ours, theirs)]
    assert texts[0] == texts[1] == [b"`1 2 3`"]
    tag = "_hparams_/session_start_info"
    hparams = [
        HParamsPluginData.FromString(events.summary_metadata[tag].plugin_data.content).session_start_info.hparams
        for events in (ours, theirs)
    ]
    assert hparams[0] == hparams[1]


def test_what_was_typed_differs_and_metrics_are_the_named_curves(tmp_path):
    write_ours(tmp_path)
    content = read(tmp_path).summary_metadata["_hparams_/experiment"].plugin_data.content
    experiment = HParamsPluginData.FromString(content).experiment
    assert {info.name: info.differs for info in experiment.hparam_infos} == {"lr": False, "noise": True}
    assert [info.name.tag for info in experiment.metric_infos] == ["metrics/tv"]


def test_points_that_will_come_again_are_hidden(tmp_path, monkeypatch):
    monkeypatch.setattr("patterngan.reporting.events._serial", itertools.count(9))
    first = EventFile(tmp_path, purge_step=0)
    for step in (1, 2, 3):
        first.scalars({"a": 0.0}, step)
    first.flush()
    second = EventFile(tmp_path, purge_step=2)
    second.scalars({"a": 1.0}, 2)
    second.flush()
    assert [(one.step, one.value) for one in read(tmp_path).Scalars("a")] == [(1, 0.0), (2, 1.0)]


def test_hyperparameters_are_flat():
    settings = {"lr": 0.1, "noise": {"_target_": "a.b.Bits", "dim": 7}, "optimizer": {"betas": [0.5, 0.9]}}
    assert hyperparameters(settings) == {
        "experiment": "none",
        "lr": 0.1,
        "noise": "Bits",
        "noise.dim": 7,
        "optimizer.betas": "[0.5, 0.9]",
    }


@pytest.mark.parametrize(
    ("overrides", "name"),
    [(["lr=1"], "none"), (["experiment=plain"], "plain"), (["experiment=[plain,dirac]"], "[plain,dirac]")],
)
def test_the_experiment_is_a_hyperparameter_of_every_run(overrides, name):
    assert hyperparameters({"lr": 1.0}, overrides) == {"experiment": name, "lr": 1.0}


def test_only_single_figures_are_curves():
    points = curve_points({"validity": 0.5, "modes": 3, "kl": None, "marginals": [0.1], "exact": True})
    assert points == {"metrics/validity": 0.5, "metrics/modes": 3.0}


def test_one_minus_tv_rises_as_validity_does():
    assert curve_points({"tv": 0.25}) == {"metrics/tv": 0.25, "metrics/1-tv": 0.75}
    assert "metrics/1-tv" not in curve_points({"validity": 1.0})


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


def test_keys_that_were_typed_are_compared():
    typed = ["steps=1", "+trainer.profiler=simple", "~logger", "penalty@x=[r1]"]
    assert compared_keys(typed) == ["experiment", "steps", "trainer.profiler", "logger", "penalty", *COMPARED]
    assert compared_keys(typed, ["seed", "penalty"]) == ["experiment", "seed", "penalty", "lr", "pattern.k"]


RECORD = {"settings": {"lr": 0.1, "steps": 400, "evaluate_every": 10}, "overrides": ["lr=0.1"]}
PORTRAIT = Portrait(
    torch.ones(4) / 4,
    torch.ones(4) / 4,
    torch.rand(3),
    torch.rand(2, 5),
    torch.tensor([1, 2]),
    torch.tensor([False, True, False, False]),
    torch.tensor([3, 2]),
)


def test_an_evaluation_becomes_curves_sample_integers_and_a_portrait(tmp_path):
    file = EventFile(tmp_path, 0)
    for step in (0, 10, 20):
        evaluation = Evaluation({"tv": step / 100, "exact": True}, [1, 2], PORTRAIT)
        write_evaluation(file, step, evaluation, RECORD, first=step == 0)
    file.flush()
    past = history(tmp_path)
    assert past.curves.keys() == {"metrics/tv", "metrics/1-tv"}
    assert past.curves["metrics/1-tv"] == pytest.approx({0: 1.0, 10: 0.9, 20: 0.8})
    assert list(past.portraits) == [0]  # of 40 evaluations, 18 after the first have one
    events = read(tmp_path)
    texts = events.Tensors("samples/text_summary")
    assert [(text.step, text.tensor_proto.string_val[0]) for text in texts] == [(n, b"`1 2`") for n in (0, 10, 20)]


def test_hyperparameters_and_charts_are_written_at_the_first_evaluation_only(tmp_path):
    for first in (True, False):
        file = EventFile(tmp_path / str(first), 0)
        write_evaluation(file, 30, Evaluation({"tv": 0.5}, [1]), RECORD, first)
        file.flush()
        content = read(tmp_path / str(first)).summary_metadata
        assert ("_hparams_/session_start_info" in content) is first
        assert ("custom_scalars__config__" in content) is first
        assert history(tmp_path / str(first)).portraits == {}


def test_metrics_that_a_run_has_are_tabled_the_most_important_first(tmp_path):
    file = EventFile(tmp_path, 0)
    write_evaluation(file, 0, Evaluation({"tv": 0.5, "entropy": 1.0, "validity": 0.5}, [1]), RECORD, first=True)
    file.flush()
    content = read(tmp_path).summary_metadata["_hparams_/experiment"].plugin_data.content
    tags = [info.name.tag for info in HParamsPluginData.FromString(content).experiment.metric_infos]
    assert tags == ["metrics/validity", "metrics/tv"]
