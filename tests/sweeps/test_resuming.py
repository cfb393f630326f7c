import json

import pytest

from patterngan.runs.configs import settings
from patterngan.runs.run import train
from patterngan.storage.results import Result
from patterngan.sweeps.resuming import outcome_of, standing, train_job
from patterngan.training.module import DivergedError
from patterngan.validation import UsageError

QUICK = ["experiment=plain", "steps=40", "evaluate_every=20", "evaluation.samples=100"]


@pytest.fixture
def ended(config, tmp_path):
    made = config(*QUICK)
    (tmp_path / "0" / ".hydra").mkdir(parents=True)  # as Hydra does before
    (tmp_path / "0" / ".hydra" / "config.yaml").write_text(json.dumps(settings(made)))
    train(made, tmp_path / "0", QUICK)
    return made, tmp_path / "0"


def test_an_empty_or_absent_folder_is_at_the_start(config, tmp_path):
    assert standing(tmp_path / "absent", settings(config())) == (None, None)
    assert standing(tmp_path, settings(config())) == (None, None)


def test_a_run_that_ended_is_not_run_again(ended, monkeypatch):
    made, folder = ended
    result = json.loads((folder / "result.json").read_text())
    assert standing(folder, settings(made)).result == result
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert train_job(made, folder, QUICK) == result["metrics"]["tv"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_run_that_was_stopped_goes_on(ended):
    made, folder = ended
    (folder / "result.json").unlink()
    assert standing(folder, settings(made)) == (None, folder / "checkpoints" / "last.ckpt")
    train_job(made, folder, QUICK)
    assert json.loads((folder / "result.json").read_text())["status"] == "completed"


def test_a_run_that_failed_is_tried_again(config, tmp_path):
    made = config(*QUICK, "pattern.k=0")
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text(json.dumps(settings(made)))
    for _ in range(2):
        with pytest.raises(UsageError, match="pattern.k=0"):
            train_job(made, tmp_path, QUICK)
        assert json.loads((tmp_path / "result.json").read_text())["status"] == "failed"


def test_a_run_stopped_before_its_first_evaluation_starts_again(config, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    train_job(config(*QUICK), tmp_path, QUICK)
    assert (tmp_path / "checkpoints" / "last.ckpt").exists()


@pytest.mark.parametrize("other", ["seed=1", "lr=1e-4", "steps=60"])
@pytest.mark.parametrize("left", ["last.ckpt", "result.json"])
def test_the_folder_of_another_configuration_is_refused(ended, config, other, left):
    _, folder = ended
    if left == "last.ckpt":
        (folder / "result.json").unlink()
    with pytest.raises(UsageError, match=f"another configuration .{other.partition('=')[0]} differs"):
        train_job(config(*QUICK, other), folder, QUICK)


def test_a_result_without_what_it_came_from_is_refused(config, tmp_path):
    Result("completed", 0, 1, 1.0, []).write(tmp_path)
    with pytest.raises(UsageError, match="another configuration .seed differs"):
        standing(tmp_path, settings(config()))
    (tmp_path / "result.json").write_text("[]")
    with pytest.raises(UsageError, match="is no result of a run"):
        standing(tmp_path, settings(config()))


def test_a_run_that_diverged_returns_what_it_returned():
    with pytest.raises(DivergedError, match="at step 7;"):
        outcome_of({"status": "diverged", "steps": 7, "metrics": {}}, "tv")
    assert outcome_of({"status": "completed", "metrics": {"tv": 0.25}}, "tv") == 0.25
