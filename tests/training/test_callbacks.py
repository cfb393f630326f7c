import io
import math

import pytest
from PIL import Image
from pytorch_lightning.loggers import CSVLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from patterngan.reporting.events import folder_of_events
from patterngan.reporting.history import history
from patterngan.runs.run import train

pytestmark = pytest.mark.end_to_end  # trains runs into folders


@pytest.fixture(scope="module")
def events(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    overrides = ["experiment=plain", "steps=130", "evaluate_every=60", "evaluation.samples=100", "seed=3"]
    train(config(*overrides), folder, overrides)
    return EventAccumulator(
        str(folder_of_events(folder)), size_guidance={"scalars": 0, "tensors": 0, "images": 0}
    ).Reload()


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
    assert started["experiment"].string_value == "plain"
    assert started["seed"].number_value == 3
    assert started["lr"].number_value == 1e-3
    assert started["pattern.k"].number_value == 2
    assert started["pattern"].string_value == "multiples"
    experiment = HParamsPluginData.FromString(content["_hparams_/experiment"].plugin_data.content).experiment
    assert {info.name.tag for info in experiment.metric_infos} >= {"metrics/tv", "metrics/validity"}


def test_the_layout_pairs_what_is_read_together(events):
    layout = Layout.FromString(events.Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0])
    (category,) = layout.category
    pairs = [list(chart.multiline.tag) for chart in category.chart]
    assert pairs[0] == ["losses/discriminator", "losses/generator"]
    assert {tag for pair in pairs for tag in pair} <= set(events.Tags()["scalars"])


def test_pictures_are_drawn_at_evaluations(events):
    assert sorted(events.Tags()["images"]) == ["pictures/codes", "pictures/d_scores", "pictures/distribution"]
    pictures = events.Images("pictures/distribution")
    assert [one.step for one in pictures] == [0, 60, 120, 130]
    assert all(Image.open(io.BytesIO(one.encoded_image_string)).size == (500, 260) for one in pictures)


def test_a_run_in_a_sweep_waits_for_its_pictures(config, tmp_path):
    overrides = ["experiment=plain", "steps=4", "evaluate_every=4", "evaluation.samples=100"]
    train(config(*overrides), tmp_path, overrides, in_sweep=True)
    assert not (tmp_path / "report.html").exists()
    past = history(tmp_path)
    assert list(past.portraits) == [0, 4]
    assert not past.pictured
    assert folder_of_events(tmp_path).name == "experiment=plain,steps=4,evaluate_every=4,evaluation.samples=100"


def test_a_run_goes_on_without_a_logger_that_fails(run, tmp_path, monkeypatch, caplog):
    def gone(self, metrics, step=None):
        raise ConnectionError("the server is gone")

    monkeypatch.setattr(CSVLogger, "log_metrics", gone)
    monkeypatch.setattr(CSVLogger, "finalize", lambda self, status: pytest.fail("it is closed"))
    quick = ("experiment=plain", "steps=20", "evaluate_every=10", "evaluation.samples=100", "~callbacks.pictures")
    assert 0 <= run(*quick, "logger=[csv,tensorboard]") <= 1
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == [
        "logger=csv: takes no more: the server is gone"
    ]
    assert list(history(tmp_path).curves["losses/generator"]) == [10, 20]
