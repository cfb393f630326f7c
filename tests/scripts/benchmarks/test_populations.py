import pytest

from patterngan.paths import CONF
from scripts.benchmarks import populations
from scripts.benchmarks.populations import CELLS, RECIPES, against_jax, against_runs_alone, microseconds


@pytest.mark.parametrize("members", [1, 2])
def test_a_step_of_a_run_alone_and_of_a_population_is_timed(members):
    assert 0 < microseconds(RECIPES["multiples"], members, 1) < 1e6


def test_every_cell_has_the_median_of_its_ratios_to_jax(monkeypatch, capsys):
    times = {"ours": iter([30.0, 10.0, 12.0] * len(CELLS)), "jax": iter([30.0, 20.0, 10.0] * len(CELLS))}
    monkeypatch.setattr(populations, "microseconds", lambda *_: next(times["ours"]))
    monkeypatch.setattr(populations, "jax_microseconds", lambda _: next(times["jax"]))
    bars = against_jax(3)
    assert {bar.measured for bar in bars} == {1.0}
    assert [bar.is_reached for bar in bars] == [cell.members == 1 for cell in CELLS]
    assert capsys.readouterr().out.splitlines()[2].split() == ["binary", "1", "20", "12"]


def test_every_experiment_is_compared_with_runs_alone(monkeypatch):
    monkeypatch.setattr(populations, "microseconds", lambda overrides, members, blocks: 10.0 + members)
    bars = against_runs_alone(1)
    assert [bar.name.partition(",")[0] for bar in bars] == sorted(file.stem for file in CONF.glob("experiment/*.yaml"))
    assert {bar.measured for bar in bars} == {26 / 11}
