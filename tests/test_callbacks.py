import math

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from patterngan.callbacks import curve_points, hyperparameters


@pytest.fixture
def events(run, tmp_path):
    run("experiment=plain", "steps=130", "evaluate_every=60", "evaluation.samples=100", "seed=3")
    return EventAccumulator(str(tmp_path), size_guidance={"scalars": 0, "tensors": 0}).Reload()


def test_the_x_axis_counts_gan_steps(events):
    tags = events.Tags()["scalars"]
    for tag in ("losses/generator", "losses/discriminator", "grads/generator", "grads/discriminator"):
        assert [event.step for event in events.Scalars(tag)] == [50, 60, 100, 120, 130]
        assert all(math.isfinite(event.value) and event.value > 0 for event in events.Scalars(tag))
        tags.remove(tag)
    for tag in tags:
        assert tag.startswith("metrics/")
        assert [event.step for event in events.Scalars(tag)] == [0, 60, 120, 130]
    assert {"metrics/tv", "metrics/validity", "metrics/coverage", "metrics/modes", "metrics/d_real"} < set(tags)


def test_sample_integers_are_a_text_panel(events):
    samples = events.Tensors("samples/text_summary")
    assert [event.step for event in samples] == [0, 60, 120, 130]
    (text,) = samples[-1].tensor_proto.string_val
    assert len(text.decode().strip("`").split()) == 10


def test_hyperparameters_and_metrics_reach_the_hparams_tab(events):
    content = events.summary_metadata
    started = HParamsPluginData.FromString(
        content["_hparams_/session_start_info"].plugin_data.content
    ).session_start_info.hparams
    assert started["seed"].number_value == 3
    assert started["lr"].number_value == 1e-3
    assert started["pattern.k"].number_value == 2
    assert started["pattern"].string_value == "Multiples"
    experiment = HParamsPluginData.FromString(content["_hparams_/experiment"].plugin_data.content).experiment
    assert {info.name.tag for info in experiment.metric_infos} >= {"metrics/tv", "metrics/validity"}


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
