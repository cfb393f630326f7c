import shlex
from pathlib import Path

from patterngan import CONF
from patterngan.evaluation.evaluator import Evaluation
from patterngan.reporting.console import interruption, resume_command, shown, summary, verdict
from patterngan.runs.resuming import parsed


def test_the_verdict_on_a_support_too_large_to_list():
    metrics = {"validity": 0.5, "distinct": 90, "samples": 100, "marginal_gap": 0.25}
    assert verdict(metrics) == "validity 0.500  90 distinct of 100  marginal gap 0.250"


def test_paths_are_shown_as_the_user_would_type_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "a" / "b") == "a/b"
    assert shown(Path("/elsewhere/b")) == "/elsewhere/b"


def test_the_summary_names_the_next_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metrics = {"validity": 1.0, "modes": 3, "support": 4, "tv": 0.25, "tv_floor": 0.0, "exact": True}
    run = tmp_path / "outputs" / "my run"
    for folder in (run, tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
        (folder / "events.out.tfevents.1").touch()
    text = summary(Evaluation(metrics, [0, 2, 6]), run, run / "report.html")
    assert text.splitlines() == [
        "",
        "result     validity 1.000  modes 3/4  tv 0.250 (floor 0.000)  exact: every noise vector was counted",
        "generated  0 2 6",
        "folder     outputs/my run",
        "report     outputs/my run/report.html",
        "curves     tensorboard --logdir outputs",
        f"integers   python {CONF.parent}/scripts/generate.py 'outputs/my run' -n 10",
    ]
    assert "tensorboard --logdir elsewhere" in summary(Evaluation(metrics, []), tmp_path / "elsewhere")
    assert "tensorboard" not in summary(Evaluation(metrics, []), tmp_path / "without curves")


def test_an_interrupted_run_without_a_checkpoint_cannot_go_on(tmp_path):
    said = interruption(tmp_path, 50, None).splitlines()
    assert said[1] == "stopped    at step 50"
    assert said[-1] == "interrupted; there is no checkpoint to go on from"


def test_a_resume_command_is_quoted_for_hydra_and_the_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("plain/last.ckpt", "a b", "x=1,y", "it's", "é"):
        *_, override = shlex.split(resume_command(tmp_path / name))
        assert parsed(override).value() == name
    monkeypatch.chdir(CONF.parent)
    assert resume_command(Path("outputs/run")) == "python train.py ckpt_path=outputs/run"
