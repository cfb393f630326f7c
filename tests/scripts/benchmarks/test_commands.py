import sys

import pytest

from patterngan.validation import UsageError
from scripts.benchmarks import commands


def test_ratios_are_the_medians_of_rounds(monkeypatch, capsys):
    rounds = [[5, 6, 9, 10, 40], [10, 10, 30, 8, 50], [5, 5, 8, 9, 30]]
    times = iter([float(time) for one in rounds for time in one])
    monkeypatch.setattr(commands, "seconds", lambda line: next(times))
    assert [round(bar.measured, 2) for bar in commands.measure(3)] == [1.0, 1.6, 1.8, 0.25]
    assert capsys.readouterr().out.splitlines()[3].split() == ["train.py", "9.0", "(8.0,", "30.0)"]


def test_a_command_is_timed_in_an_empty_folder_and_must_succeed():
    line = (sys.executable, "-S", "-c")
    assert commands.seconds((*line, "import os, time; assert not os.listdir(); time.sleep(0.1)")) > 0.1
    with pytest.raises(UsageError, match="exit code 1: .*no such command"):
        commands.seconds((*line, "raise SystemExit('no such command')"))
