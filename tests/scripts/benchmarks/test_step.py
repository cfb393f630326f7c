import pytest

from scripts.benchmarks import step


@pytest.mark.parametrize(("ratio", "verdict"), [(0.4, "reached"), (0.401, "missed")])
def test_the_bar_is_printed_and_judged(monkeypatch, capsys, ratio, verdict):
    monkeypatch.setattr("sys.argv", ["step.py"])
    monkeypatch.setattr(step, "measure", lambda steps, pairs: ratio)
    if verdict == "missed":
        with pytest.raises(SystemExit, match="1"):
            step.main()
    else:
        step.main()
    assert f"     0.4 times {verdict}" in capsys.readouterr().out


def test_the_ratio_is_the_median_of_the_pairs(monkeypatch, capsys):
    times = iter([100, 30, 100, 50, 100, 20])
    monkeypatch.setattr(step, "microseconds", lambda train, steps: next(times))
    assert step.measure(10, 3) == 0.3
    assert "median of 3 pairs of 10 steps: 0.300 (from 0.200 to 0.500)" in capsys.readouterr().out
