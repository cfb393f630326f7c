import json
import math

import pytest
import torch

from patterngan.runs.run import prepare
from patterngan.training.module import GAN
from patterngan.validation import UsageError

SHORT = ("experiment=plain", "steps=20", "evaluate_every=20", "evaluation.samples=100")
QUICK = (*SHORT, "~callbacks.pictures")


def test_train_returns_the_metric_a_sweeper_minimises(run, tmp_path):
    tv = run(*QUICK)
    metrics = json.loads((tmp_path / "result.json").read_text())["metrics"]
    assert tv == metrics["tv"]
    assert run(*QUICK, "optimized_metric=entropy", folder=tmp_path / "again") == metrics["entropy"]


def test_a_folder_that_holds_another_run_is_left_alone(run, tmp_path):
    run(*QUICK)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=r"holds another run; choose another folder .*, or go on with: python "):
        run(*QUICK, "lr=0.5")
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert before == after


def test_a_metric_that_the_run_does_not_have_is_none(run):
    assert run(*QUICK, "encoding.capacity=1099511627776") is None


def test_a_run_without_logger_and_callbacks_trains(run):
    assert 0 <= run(*SHORT, "logger=none", "callbacks=none") <= 1


def test_a_failing_run_leaves_a_result(run, tmp_path, monkeypatch):
    monkeypatch.setattr("patterngan.training.module.GAN.validation_step", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(*QUICK)
    found = json.loads((tmp_path / "result.json").read_text())
    assert (found["status"], found["error"]) == ("failed", "division by zero")


@pytest.mark.parametrize(("variable", "used"), [(None, 1), ("OMP_NUM_THREADS", 2), ("MKL_NUM_THREADS", 2)])
def test_a_run_takes_one_thread_unless_the_environment_names_a_number(run, monkeypatch, variable, used):
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "2")
    seen, step, before = set(), GAN.gan_step, torch.get_num_threads()
    monkeypatch.setattr(GAN, "gan_step", lambda *given: seen.add(torch.get_num_threads()) or step(*given))
    torch.set_num_threads(2)  # as PyTorch itself does with this variable, or with two cores
    try:
        run("experiment=plain", "steps=2", "logger=none", "callbacks=none", "evaluation.samples=10")
        assert (seen, torch.get_num_threads()) == ({used}, 2)
    finally:
        torch.set_num_threads(before)


def test_a_collapsed_generator_is_seen(run, tmp_path):
    run("experiment=even_numbers", "evaluate_every=500")
    metrics = json.loads((tmp_path / "result.json").read_text())["metrics"]
    assert metrics["validity"] > 0.8
    assert metrics["modes"] < 20
    assert metrics["kl"] > math.log(64 / 20)


def test_preparing_makes_nothing(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepare(config(), tmp_path / "run", [])
    assert list(tmp_path.iterdir()) == []
