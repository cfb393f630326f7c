import json
import logging

import pytest

from patterngan.evaluation.evaluator import Evaluation
from patterngan.runs.outcome import Outcome, metric_value
from patterngan.storage.stopwatch import Seconds
from patterngan.training.module import DivergedError

SECONDS = Seconds(1.5, 0.5)
EVALUATION = Evaluation({"tv": 0.25, "validity": 1.0}, [1, 2])


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        (Outcome(9, SECONDS, EVALUATION), "completed", None),
        (Outcome(7, SECONDS, error=DivergedError(7)), "diverged", str(DivergedError(7))),
        (Outcome(0, SECONDS, error=ValueError("no")), "failed", "no"),
    ],
)
def test_how_a_run_ended_is_written_into_its_folder(tmp_path, caplog, outcome, status, error):
    outcome.write(tmp_path, 3, ["seed=3"])
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["status"], result["error"], result["steps"], result["seed"]) == (status, error, outcome.steps, 3)
    assert (result["wall_seconds"], result["share_seconds"]) == SECONDS
    assert result["metrics"] == (EVALUATION.metrics if error is None else {})
    assert [record.getMessage() for record in caplog.records] == ([] if error is None else [error])


def test_lines_of_a_members_log_keep_their_times(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        Outcome(9, SECONDS, EVALUATION, log_lines=[(1000.25, "first"), (1001.0, "second")]).write(tmp_path, 0, [])
    assert [(record.created, record.getMessage()) for record in caplog.records] == [
        (1000.25, "first"),
        (1001, "second"),
    ]


def test_a_metric_that_an_evaluation_does_not_have_is_none():
    assert metric_value({"tv": 0.5, "kl": None}, "tv") == 0.5
    assert metric_value({"tv": 0.5, "kl": None}, "kl") is None
    assert metric_value({}, "fidelity") is None
