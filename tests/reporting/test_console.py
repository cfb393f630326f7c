import io
import logging

import pytest
from rich.console import Console

from patterngan.evaluation.evaluator import Evaluation
from patterngan.paths import CONF
from patterngan.reporting.console import evaluation_line, interruption, metrics_line, ranges, say, show, summary

METRICS = {"validity": 1.0, "modes": 2.96, "support": 4, "tv": 0.25, "tv_floor": 0.0, "exact": True}


def test_metrics_of_a_support_too_large_to_list():
    metrics = {"validity": 0.5, "distinct": 90, "samples": 100, "marginal_gap": 0.25, "exact": False}
    assert metrics_line(metrics) == "validity 0.500  90 distinct of 100  marginal gap 0.250"


def test_what_a_holdout_asks_for_stands_beside_the_validity():
    assert metrics_line(METRICS | {"unseen_coverage": 0.5}) == (
        "validity 1.000  unseen_coverage 0.500  modes 3/4  tv 0.250 (exact)"
    )
    assert metrics_line(METRICS | {"unseen_coverage": None}) == metrics_line(METRICS)


def test_an_evaluation_is_one_line():
    line = evaluation_line(50, Evaluation(METRICS, [0, 2]))
    assert line == "step     50  validity 1.000  modes 3/4  tv 0.250 (exact)  → 0 2"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["0", "1", "2", "3", "7"], "0-3, 7"),
        (["a", "b", "8", "9"], "a, b, 8-9"),
        ([str(2 * number) for number in range(11)], "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, …"),
    ],
)
def test_names_of_runs_are_told_as_ranges(names, text):
    assert ranges(names) == text


def test_what_is_said_is_printed_as_it_is_and_logged(caplog):
    caplog.set_level(logging.INFO)
    console = Console(file=io.StringIO(), width=10)
    say(console, "[b]a line wider than the terminal\x1b[31m")
    show(console, "not logged")
    assert console.file.getvalue() == "[b]a line wider than the terminal\\x1b[31m\nnot logged\n"
    assert caplog.messages == ["[b]a line wider than the terminal\x1b[31m"]


def test_the_summary_names_the_next_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "outputs" / "my run"
    for folder in (run, tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
        (folder / "events.out.tfevents.1").touch()
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "last.ckpt").touch()
    text = summary(Evaluation(METRICS, [0, 2, 6]), run, run / "report.html", ended="at step 5 of 9", alone="again")
    assert text.splitlines() == [
        "",
        "ended      at step 5 of 9",
        "result     validity 1.000  modes 3/4  tv 0.250 (exact)",
        "verdict    incomplete: 3 of 4 modes",
        "generated  0 2 6",
        "folder     outputs/my run",
        "report     outputs/my run/report.html",
        "curves     tensorboard --logdir 'outputs/my run'",
        f"integers   python {CONF.parent}/scripts/generate.py 'outputs/my run' -n 10",
        "alone      again",
    ]
    assert "tensorboard --logdir elsewhere" in summary(Evaluation(METRICS, []), tmp_path / "elsewhere")
    without = summary(Evaluation(METRICS, []), tmp_path / "without curves and checkpoints")
    assert [line.split()[0] for line in without.splitlines()[1:]] == ["result", "verdict", "folder"]


def test_an_interrupted_run_tells_its_result_so_far_and_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "last.ckpt").touch()
    assert interruption(tmp_path / "run", 50, Evaluation(METRICS, [])).splitlines() == [
        "",
        "stopped    at step 50",
        "result     validity 1.000  modes 3/4  tv 0.250 (exact)  so far",
        "folder     run",
        f"interrupted; go on with: python {CONF.parent}/train.py ckpt_path=run",
    ]


def test_an_interrupted_run_without_a_checkpoint_cannot_go_on(tmp_path):
    lines = interruption(tmp_path, 50, None).splitlines()
    assert lines[1] == "stopped    at step 50"
    assert lines[-1] == "interrupted; there is no checkpoint to go on from"
