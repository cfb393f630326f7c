import pytest

from scripts.benchmarks.harness import Bar, judge, microseconds


def test_a_missed_bar_exits_with_1(capsys):
    judge([Bar("memory", 3.9, 4, "GiB")])
    assert "reached" in capsys.readouterr().out
    with pytest.raises(SystemExit) as exit_:
        judge([Bar("memory", 3.9, 4, "GiB"), Bar("memory", 4.1, 4, "GiB")])
    assert exit_.value.code == 1
    assert "missed" in capsys.readouterr().out


def test_time_is_per_step_and_what_is_printed_is_dropped(capsys):
    steps = []
    assert 0 < microseconds(lambda count: print(steps.append(count)), 7) < 1e6
    assert steps == [7]
    assert capsys.readouterr().out == ""
