"""W&B offline and MLflow on a local file, for real: a run alone, and the members of a population."""

import json

import mlflow
import pytest
from wandb.proto.wandb_internal_pb2 import Record

from tests.end_to_end.test_commands import QUICK

LOGGED = ("logger=[csv,wandb,mlflow]", "logger.wandb.offline=true")


def records(run):
    """The records of a run's offline file: blocks of 32 KiB of parts with a head of 7 bytes, as LevelDB's log has."""
    (file,) = run.glob("wandb/offline-run-*/*.wandb")
    content, at, record = file.read_bytes(), 7, b""
    while at + 7 <= len(content):
        if 2**15 - at % 2**15 < 7:
            at += 2**15 - at % 2**15
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        record += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or a last part
            yield Record.FromString(record)
            record = b""


def points(history):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in history.item}


def assert_in_wandb(run, name, exit_code, steps, pictures):
    """Hyper-parameters, curves over GAN steps, sample texts, pictures where there are some; and the run has ended."""
    written = list(records(run))
    assert [one.exit.exit_code for one in written if one.HasField("exit")] == [exit_code]
    assert {one.run.display_name for one in written if one.HasField("run")} == {name}
    settings = {item.key: item.value_json for one in written for item in one.config.update}
    assert settings["pattern.k"] == "2"
    shown = [points(one.history) for one in written if one.HasField("history")]
    assert [one["trainer/global_step"] for one in shown if "losses/generator" in one] == steps
    assert [one["trainer/global_step"] for one in shown if "samples/nrows" in one] == sorted({0, *steps} - {50})
    assert any("pictures/codes/format" in one for one in shown) is pictures


def assert_in_mlflow(client, run, status, steps, folders):
    assert run.info.status == status
    assert run.data.params["pattern.k"] == "2"
    curve = client.get_metric_history(run.info.run_id, "losses/generator")
    assert [point.step for point in curve] == steps
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == folders
    texts = [file.path for file in client.list_artifacts(run.info.run_id, "samples")]
    assert sorted(texts) == sorted(f"samples/{step}.txt" for step in {0, *steps} - {50})


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")  # MLflow 3.17 on SQLAlchemy 2.1
def test_wandb_and_mlflow_have_every_run_with_what_it_shows(typed, tmp_path, monkeypatch):
    for name in ("WANDB_MODE", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, "")  # restored, as the loggers set them
    alone = typed("train", *QUICK, *LOGGED, "hydra.run.dir=run")
    swept = typed("train", "-m", *QUICK, *LOGGED, "lr=1e-3,1e38", "hydra.sweep.dir=sweep")
    assert (alone.code, swept.code) == (0, 1), alone.err + swept.err  # one diverges
    assert "logger=csv: shows no pictures and no sample texts\n" in alone.out
    assert "logger=mlflow: shows no" not in alone.out
    assert swept.out.count("logger=csv: shows no pictures and no sample texts\n") == 1
    assert swept.out.count("logger=wandb: shows no pictures\n") == 1
    assert "2 runs: fused 0-1 (2 members)" in swept.out
    assert not any(tmp_path.rglob("events.*"))
    assert {path.name for path in tmp_path.iterdir()} == {"run", "sweep", "outputs"}
    assert {path.name for path in (tmp_path / "outputs").iterdir()} == {"mlflow.db", "mlartifacts"}

    name = ",".join(QUICK)
    assert_in_wandb(tmp_path / "run", name, 0, [30, 50, 60], pictures=True)
    assert_in_wandb(tmp_path / "sweep" / "0", f"{name},lr=0.001", 0, [30, 50, 60], pictures=False)
    assert_in_wandb(tmp_path / "sweep" / "1", f"{name},lr=1e+38", 1, [], pictures=False)

    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("patterngan")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert_in_mlflow(client, runs.pop(name), "FINISHED", [30, 50, 60], ["images", "samples"])
    assert_in_mlflow(client, runs.pop(f"{name},lr=0.001"), "FINISHED", [30, 50, 60], ["samples"])
    assert_in_mlflow(client, runs.pop(f"{name},lr=1e+38"), "FAILED", [], ["samples"])
    assert runs == {}
