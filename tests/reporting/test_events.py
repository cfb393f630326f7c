from pytorch_lightning.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from patterngan.reporting.events import EventFile, hyperparameter_summaries


def read(folder):
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()


def write_ours(folder):
    file = EventFile(folder, purge_step=0)
    for step in (1, 2):
        file.scalars({"losses/a": step / 3, "losses/b": -1.5}, step)
        file.flush()
    file.text("samples", "`1 2 3`", 2)
    file.add(hyperparameter_summaries({"lr": 1e-3, "noise": "Bits"}, ["metrics/tv"], {"noise"}))
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


def test_points_that_will_come_again_are_hidden(tmp_path):
    first = EventFile(tmp_path, purge_step=0)
    for step in (1, 2, 3):
        first.scalars({"a": 0.0}, step)
    first.flush()
    second = EventFile(tmp_path, purge_step=2)
    second.scalars({"a": 1.0}, 2)
    second.flush()
    assert [(one.step, one.value) for one in read(tmp_path).Scalars("a")] == [(1, 0.0), (2, 1.0)]
