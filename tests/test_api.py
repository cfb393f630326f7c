"""`import patterngan as pg`."""

import logging
import subprocess
import sys

import numpy as np
import pytest

import patterngan as pg
from patterngan import api
from patterngan.validation import UsageError

QUICK = ("experiment=plain", "steps=40", "evaluate_every=20", "evaluation.samples=50", "~callbacks.pictures")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.end_to_end
def test_a_run_is_trained_asked_and_taken_further(tmp_path):
    handlers = logging.getLogger().handlers[:]
    run = pg.train(*QUICK, "pattern.k=4")
    assert logging.getLogger().handlers == handlers
    assert run.folder.is_relative_to(tmp_path / "outputs")
    assert (run.result["steps"], run.metrics["support"]) == (40, 32)
    assert f"validity {run.metrics['validity']:.3g}, modes {run.metrics['modes']}, tv " in repr(run)
    assert run.generate(5, seed=1) == run.generate(5, seed=1)
    assert len(run.generate(20)) == 20
    assert list(run.curves()["step"]) == [0, 20, 40]
    assert run.gan.evaluate().metrics["validity"] == run.metrics["validity"]
    further = pg.train(f"ckpt_path={run.folder}", "steps=60")
    assert (further.folder, further.result["steps"]) == (run.folder, 60)
    assert isinstance(pg.load(run.folder), pg.Run)


@pytest.mark.end_to_end
def test_a_sweep_is_a_table_also_where_runs_failed(tmp_path, monkeypatch):
    sweep = pg.sweep(*QUICK, "pattern.k=0,2", "lr=1e-3", folder="a sweep")
    assert repr(sweep) == "Sweep('a sweep', 2 runs)"
    table = sweep.table()
    assert table["status"].tolist() == ["failed", "completed"]
    assert table["pattern.k"].tolist() == [0, 2]
    assert table["tv"].isna().tolist() == [True, False]
    assert repr(sweep.runs[0]) == "Run('a sweep/0', failed)"
    assert sweep.runs[1].metrics["tv"] == table["tv"][1]
    monkeypatch.setitem(sys.modules, "pandas", None)
    plain = pg.load("a sweep").table()
    assert plain["lr"].tolist() == [0.001, 0.001]
    assert plain.keys() == {*table.columns}


def test_mistakes_are_errors_of_one_line():
    for override, line in (
        ("pattern.k=0", "pattern.k=0: must be an integer from 1 to 2^62"),
        (
            "architecture=cnn",
            "architecture=cnn: must be one of automaton, autoregressive, dirac, gated, linear, mlp, recurrent, "
            "transformer",
        ),
    ):
        with pytest.raises(UsageError) as error:
            pg.train(override)
        assert str(error.value) == line
    with pytest.raises(UsageError, match="-m: nothing is swept"):
        pg.sweep("lr=1e-3")
    with pytest.raises(UsageError, match="nowhere: no such folder"):
        pg.load("nowhere")


def test_a_run_that_is_interrupted_interrupts_the_caller():
    with pytest.raises(KeyboardInterrupt), api._errors():
        raise SystemExit(130)


def test_new_folders_are_new(tmp_path):
    first = api.new_folder(tmp_path)
    first.mkdir(parents=True)
    assert api.new_folder(tmp_path) != first


def test_a_column_of_numbers_is_one_of_numbers():
    columns = {"a": ["1e-3", "2"], "b": [1, None], "c": ["x", None], "d": [3, 4], "e": [1.5, 2], "f": [True, False]}
    arrays = {name: api._array(values) for name, values in columns.items()}
    assert [arrays[name].dtype.kind for name in "abcdef"] == ["f", "f", "O", "i", "f", "O"]
    assert np.isnan(arrays["b"][1])


def test_importing_patterngan_is_quick():
    loaded = "import sys, patterngan; assert not {'torch', 'hydra', 'numpy', 'yaml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", loaded], check=True)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        pg.nothing  # noqa: B018
