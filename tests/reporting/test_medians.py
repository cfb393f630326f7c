import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from patterngan.reporting.events import EVENTS, EventFile
from patterngan.reporting.history import sweep_curves
from patterngan.reporting.medians import medians, write_medians
from patterngan.reporting.sweep import rows
from tests.reporting.test_sweep import run


def trained(folder, overrides, points, status="completed"):
    """A run with a curve of tv: step → value."""
    metrics = {"tv": points[max(points)], "validity": 1.0} if status == "completed" else {}
    run(folder, status, overrides, **metrics)
    file = EventFile(folder / ",".join(overrides), purge_step=0)
    for step, value in points.items():
        file.scalars({"metrics/tv": value, "losses/generator": 1.0}, step)
    file.flush()


@pytest.fixture
def sweep(tmp_path):
    """Two learning rates with three seeds each, one of which diverged."""
    for lr, values in (("1e-2", (0.1, 0.4, 0.2)), ("1e-3", (0.5, 0.9))):
        for seed, value in enumerate(values):
            folder = tmp_path / f"{lr}-{seed}"
            trained(folder, [f"lr={lr}", "experiment=plain", f"seed={seed}"], {0: 1.0, 10: value})
    trained(tmp_path / "1e-3-2", ["lr=1e-3", "experiment=plain", "seed=2"], {0: 9.0}, "diverged")
    return tmp_path


def write(folder, runs=None):
    runs = runs or rows(folder)
    return write_medians(folder, runs, sweep_curves(folder, [row.name for row in runs]))


def shown(folder):
    return EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()


def test_each_setting_is_a_run_with_the_medians_of_its_seeds(sweep):
    assert write(sweep) == sweep / "medians"
    assert sorted(folder.name for folder in (sweep / "medians").iterdir()) == ["lr=1e-2", "lr=1e-3"]
    for lr, median in (("1e-2", 0.2), ("1e-3", 0.7)):
        points = shown(sweep / "medians" / f"lr={lr}").Scalars("metrics/tv")
        assert [(point.step, pytest.approx(point.value)) for point in points] == [(0, 1.0), (10, median)]


def hparams(folder):
    """What a run has in HPARAMS: value by name, the columns, and the marked ones."""
    tags = shown(folder).summary_metadata
    started = HParamsPluginData.FromString(tags["_hparams_/session_start_info"].plugin_data.content)
    experiment = HParamsPluginData.FromString(tags["_hparams_/experiment"].plugin_data.content).experiment
    values = started.session_start_info.hparams
    assert [info.name.tag for info in experiment.metric_infos] == ["metrics/tv"]
    columns = [info.name for info in experiment.hparam_infos]
    return values, columns, [info.name for info in experiment.hparam_infos if info.differs]


def test_its_row_of_hparams_has_all_columns_of_a_run_and_no_seed(sweep):
    for row in rows(sweep):
        (sweep / row.name / ".hydra").mkdir()
        text = f"seed: 1\nlr: {float(row.overrides['lr'])}\nsteps: 10\nnoise: {{dim: 7}}\nlogger: null\n"
        (sweep / row.name / ".hydra" / "config.yaml").write_text(text)
    write(sweep)
    values, columns, marked = hparams(sweep / "medians" / "lr=1e-3")
    assert columns == ["experiment", "lr", "steps", "noise.dim", "seed"]
    assert marked == ["experiment", "lr"]
    assert set(values) == set(columns) - {"seed"}
    assert (values["experiment"].string_value, values["lr"].number_value) == ("plain", 1e-3)


def test_without_configs_its_row_has_what_was_swept(sweep):
    write(sweep)
    values, columns, marked = hparams(sweep / "medians" / "lr=1e-3")
    assert (values["lr"].string_value, columns, marked) == ("1e-3", ["lr"], ["lr"])


def test_medians_are_written_anew(sweep):
    write(sweep)
    (sweep / "medians" / "lr=1e-2" / "note").touch()
    again = [row for row in rows(sweep) if row.overrides["lr"] == "1e-3"]
    write(sweep, again)
    assert not any((sweep / "medians" / "lr=1e-2").glob(EVENTS))
    assert len(list((sweep / "medians" / "2 seeds").glob(EVENTS))) == 1
    assert not (sweep / "medians" / "lr=1e-3").exists()


def test_there_are_none_without_seeds_or_curves(tmp_path):
    trained(tmp_path / "s" / "0", ["lr=1"], {0: 1.0})
    trained(tmp_path / "s" / "1", ["lr=2"], {0: 1.0})
    assert write(tmp_path / "s") is None
    for seed in range(2):
        run(tmp_path / "t" / str(seed), overrides=[f"seed={seed}"], tv=0.5, validity=1.0)
    assert write(tmp_path / "t") is None
    assert not (tmp_path / "t" / "medians").exists()


def test_settings_whose_names_are_cut_to_the_same_keep_a_folder_each(tmp_path):
    for number, end in enumerate("aabb"):
        trained(tmp_path / str(number), [f"pattern.integers={'1' * 200}{end}", f"seed={number % 2}"], {0: 1.0})
    write(tmp_path)
    assert len(list((tmp_path / "medians").iterdir())) == 2
    assert all(len(list(folder.glob(EVENTS))) == 1 for folder in (tmp_path / "medians").iterdir())


def test_a_damaged_run_leaves_the_others_their_medians(sweep):
    write(sweep)
    (sweep / "1e-2-2" / "events.out.tfevents.1").mkdir()
    write(sweep)
    assert sorted(folder.name for folder in (sweep / "medians").iterdir()) == ["lr=1e-2", "lr=1e-3"]
    assert shown(sweep / "medians" / "lr=1e-2").Scalars("metrics/tv")[1].value == pytest.approx(0.25)


def test_a_point_is_the_median_of_the_runs_that_have_the_curve_at_their_last_values():
    curves = [{"a": {0: 1.0, 10: 4.0}}, {"a": {0: 2.0}, "b": {0: 5.0}}, {"a": {0: 9.0, 10: 6.0}}]
    assert medians(curves) == {"a": {0: 2.0, 10: 4.0}, "b": {0: 5.0}}
