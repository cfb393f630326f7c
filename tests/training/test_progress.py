import re

from patterngan.training import progress


def test_a_run_that_is_not_watched_says_where_it_is(run, capsys, monkeypatch):
    monkeypatch.setattr(progress, "QUIET", 0.0)
    run("experiment=plain", "steps=130", "evaluate_every=130", "evaluation.samples=100", "~callbacks.pictures")
    lines = [line for line in capsys.readouterr().out.splitlines() if " of 130 " in line]
    assert [line.split()[1] for line in lines] == ["50", "100", "130"]
    assert re.fullmatch(r"step +50 of 130  \d+ steps/s  loss D \d\.\d{3}  G \d\.\d{3}", lines[0])


def test_in_a_terminal_a_bar_says_it_all(run, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    run("experiment=plain", "steps=130", "evaluate_every=65", "evaluation.samples=100", "~callbacks.pictures")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out)
    assert re.search(r"training .*\d+/130 steps", shown)
    words = r"\d+ steps/s  loss D \d\.\d{3}  G -?\d\.\d{3}  validity \d\.\d{3}  modes \d+/64  tv \d\.\d"
    assert re.search(words, shown)
