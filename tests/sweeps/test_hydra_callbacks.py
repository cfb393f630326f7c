import pytest
from hydra.types import RunMode

from patterngan.sweeps.hydra_callbacks import CheckBeforeRun, RefusedError, plain_errors
from patterngan.validation import UsageError


def test_a_runs_error_passes_through_hydra_and_keeps_its_exit_code():
    with pytest.raises(RefusedError) as refused, plain_errors(RunMode.RUN):
        raise UsageError("wrong")
    assert str(refused.value.error) == "wrong"
    assert refused.value.error.exit_code == 2


def test_in_a_sweep_a_wrong_run_is_one_that_failed():
    with pytest.raises(UsageError) as raised, plain_errors(RunMode.MULTIRUN):
        raise UsageError("wrong")
    assert raised.value.exit_code == 1


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), plain_errors(RunMode.RUN):
        print(1 / 0)


def test_an_impossible_run_is_refused_before_its_folder_is_made(tmp_path, monkeypatch, sweep):
    monkeypatch.chdir(tmp_path)
    composed = sweep("hydra.run.dir=run", "pattern.k=0").master
    with pytest.raises(RefusedError, match="2"):
        CheckBeforeRun().on_run_start(composed)
    assert not (tmp_path / "run").exists()
