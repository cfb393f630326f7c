"""A search of Optuna, from its command to the one that goes on with it."""

import json
import re
import shlex
import signal

import pytest

from tests.support.commands import environment
from tests.support.processes import Script

pytest.importorskip("optuna")

QUICK = ["experiment=plain", "steps=20", "evaluate_every=20", "~callbacks.pictures"]
SEARCH = ["-m", "hydra/sweeper=optuna", "hparams_search=optuna", "hydra.sweeper.n_jobs=3", *QUICK]


def searched(folder, *arguments):
    done = Script("train.py", list(arguments), folder, environment()).ended()
    assert done.returncode == 0, done.stderr
    return done.stdout


def values(folder):
    results = {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/result.json")}
    return {name: (result["overrides"], result["metrics"]["tv"]) for name, result in results.items()}


def test_a_search_ends_in_its_best_trial_and_its_command_goes_on(tmp_path):
    said = searched(tmp_path, *SEARCH, "hydra.sweeper.n_trials=5", "hydra.sweep.dir=search")
    folder = tmp_path / "search"
    first, times = values(folder), {path: path.stat().st_mtime_ns for path in folder.glob("*/result.json")}
    assert len(first) == 5
    best = min(first, key=lambda name: first[name][1])
    (line,) = re.findall("^best .*$", said, re.MULTILINE)
    assert line.startswith(f"best       trial {best} of 5, tv {first[best][1]:.4g}: lr=")
    assert not re.search(r"\d\.\d{7}", said[said.index(" best first") : said.index("\nalone ")])
    page = (folder / "report.html").read_text()
    for words in (f"Best trial {best} of 5", "Optimisation history", "Parallel coordinates", "Importances"):
        assert words in page
    (command,) = re.findall("^go on +(.*)$", said, re.MULTILINE)
    searched(tmp_path, *shlex.split(command)[2:])
    both = values(folder)
    assert len(both) == 10
    assert {name: both[name] for name in first} == first
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_search_that_is_stopped_has_said_how_to_go_on_and_has_a_report(tmp_path):
    typed = [*SEARCH, "hydra/launcher=basic", "hydra.sweeper.n_trials=6", "steps=200", "hydra.sweep.dir=search"]
    search = Script("train.py", typed, tmp_path, environment())
    said = search.until("#2 :")
    search.send(signal.SIGINT)
    assert search.ended().returncode == 130
    (command,) = re.findall("^if it is stopped, go on with: (.*)$", said, re.MULTILINE)
    report = Script("scripts/report.py", ["search"], tmp_path, environment()).ended().stdout
    assert re.search(r"^best       trial \d of [23], tv ", report, re.MULTILINE)
    before = values(tmp_path / "search")
    searched(tmp_path, *shlex.split(command)[2:])
    after = values(tmp_path / "search")
    assert len(after) == 6
    assert {name: after[name] for name in before} == before


def test_a_trial_that_fails_ends_no_search(tmp_path):
    said = searched(tmp_path, *SEARCH, "pattern.k=choice(0,2)", "hydra.sweeper.n_trials=6", "hydra.sweep.dir=search")
    assert "best       trial " in said
    assert "pattern.k=0: must be" in said
