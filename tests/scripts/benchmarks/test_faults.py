import pytest

from patterngan.validation import UsageError
from scripts.benchmarks import faults


def test_the_table_counts_kills_and_a_difference_is_an_error(monkeypatch, capsys):
    victims = [("run", 2, []), ("sweep", 3, []), ("run", 1, ["victim2: curves"])]
    monkeypatch.setattr(faults, "kill_and_compare", lambda kills, seed: iter(victims))
    with pytest.raises(UsageError, match="^1 differences: victim2: curves$"):
        faults.faults(6, seed=0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "run: killed 2 times, no difference"
    assert [line.split() for line in lines[4:6]] == [["run", "2", "3", "1"], ["sweep", "1", "3", "0"]]
