import pytest
from pytorch_lightning.loggers import CSVLogger, MLFlowLogger, TensorBoardLogger, WandbLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from patterngan.reporting.history import history
from patterngan.training.adapters import Adapter, Place
from patterngan.training.known_loggers import (
    EventFileAdapter,
    MLFlowAdapter,
    TensorBoardAdapter,
    WandbAdapter,
    adapter_of,
)
from patterngan.training.loggers import TensorBoard

QUICK = ("experiment=plain", "steps=20", "evaluate_every=10", "evaluation.samples=100")


@pytest.mark.parametrize(
    ("kind", "adapter"),
    [
        (TensorBoard, EventFileAdapter),
        (TensorBoardLogger, TensorBoardAdapter),
        (WandbLogger, WandbAdapter),
        (MLFlowLogger, MLFlowAdapter),
        (CSVLogger, Adapter),
    ],
)
def test_a_logger_has_the_adapter_of_its_class(kind, adapter):
    assert adapter_of(f"{kind.__module__}.{kind.__name__}") is adapter


@pytest.mark.parametrize("target", ["nowhere.Logger", "os.getcwd", ""])
def test_what_is_no_known_logger_has_the_adapter_of_all(target):
    assert adapter_of(target) is Adapter


def test_a_server_that_is_named_gets_no_path_of_this_machine(tmp_path, monkeypatch):
    place = Place(tmp_path, tmp_path, "seed=1", in_sweep=False, purge_step=0)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert MLFlowAdapter.offered(place, {}).keys() == {"run_name", "tracking_uri", "artifact_location"}
    assert MLFlowAdapter.offered(place, {"tracking_uri": "http://host"}) == {"run_name": "seed=1"}
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host")
    assert MLFlowAdapter.offered(place, {}) == {"run_name": "seed=1", "tracking_uri": "http://host"}


def test_lightnings_tensorboard_shows_what_ours_does(run, tmp_path):
    theirs = "{_target_: pytorch_lightning.loggers.TensorBoardLogger, name: theirs, version: ''}"
    run(*QUICK, f"+logger.theirs={theirs}")
    events = EventAccumulator(str(tmp_path / "theirs"), size_guidance={"scalars": 0, "tensors": 0, "images": 0})
    tags, ours = events.Reload().Tags(), history(tmp_path)
    assert {tag: {one.step: one.value for one in events.Scalars(tag)} for tag in ours.curves} == ours.curves
    assert sorted(tags["images"]) == ["pictures/codes", "pictures/d_scores", "pictures/distribution"]
    assert [one.step for one in events.Images("pictures/codes")] == [0, 10, 20]
    assert [one.step for one in events.Tensors("samples/text_summary")] == [0, 10, 20]
