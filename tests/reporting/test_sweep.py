import csv
import json

import pytest
from rich.console import Console

from patterngan.reporting.sweep import failures, points, report, rows, swept, write_csv
from patterngan.validation import UsageError


def run(folder, status="completed", overrides=(), error=None, **metrics):
    folder.mkdir(parents=True)
    content = {"status": status, "seed": 0, "steps": 9, "wall_seconds": 1.5, "overrides": list(overrides)}
    (folder / "result.json").write_text(json.dumps({**content, "error": error, "metrics": metrics}))


@pytest.fixture
def sweep(tmp_path):
    for number, (lr, seed, tv) in enumerate([(1, 0, 0.5), (1, 1, 0.7), (1, 2, 0.9), (2, 0, 0.2), (2, 1, 0.3)]):
        overrides = [f"lr={lr}", f"seed={seed}", "steps=9"]
        run(tmp_path / str(number), overrides=overrides, validity=1 - tv / 10, coverage=0.5, tv=tv, marginals=[1])
    run(tmp_path / "10", "failed", ["lr=2", "seed=2", "steps=9"], "lr=2: is, 'wrong'")
    hydra = tmp_path / "11" / ".hydra"
    hydra.mkdir(parents=True)
    (hydra / "overrides.yaml").write_text("- lr=3\n- seed=0\n- steps=9\n")
    return tmp_path


def test_every_run_has_a_row_in_the_order_of_its_number(sweep):
    runs = rows(sweep)
    assert [row.name for row in runs] == ["0", "1", "2", "3", "4", "10", "11"]
    assert [row.status for row in runs[-3:]] == ["completed", "failed", "unfinished"]
    assert swept(runs) == ["lr", "seed"]


def test_points_are_ranked_by_their_median(sweep):
    keys, ranked = points(rows(sweep))
    assert keys == ["lr"]
    assert [point.values for point in ranked] == [("2",), ("1",), ("3",)]
    assert ranked[1].figures("tv") == [0.5, 0.7, 0.9]
    assert len(ranked[0].runs) == 3


def test_the_csv_reads_back(sweep):
    with write_csv(sweep, rows(sweep)).open() as file:
        lines = list(csv.DictReader(file))
    assert [line["run"] for line in lines] == ["0", "1", "2", "3", "4", "10", "11"]
    assert (lines[1]["lr"], lines[1]["seed"], float(lines[1]["tv"])) == ("1", "1", 0.7)
    assert (lines[5]["status"], lines[5]["error"], lines[5]["tv"]) == ("failed", "lr=2: is, 'wrong'", "")
    assert "marginals" not in lines[0]


def test_text_that_a_spreadsheet_would_calculate_is_quoted(tmp_path):
    run(tmp_path / "0", "failed", ["lr==1+1", "=x=-1", "+y=+z"], "@SUM(1)")
    with write_csv(tmp_path, rows(tmp_path)).open() as file:
        (line,) = csv.DictReader(file)
    assert {key: line[key] for key in ("lr", "'+y", "error")} == {"lr": "'=1+1", "'+y": "'+z", "error": "'@SUM(1)"}


def test_the_tables_show_median_range_and_what_failed(sweep):
    with Console(width=160, record=True, quiet=False) as console:
        report(sweep, console)
    text = console.export_text()
    lines = text.splitlines()
    assert lines[1].split() == ["lr", "runs", "validity", "coverage", "tv"]
    assert lines[2].split()[:2] == ["2", "2/3"]
    assert "0.250 (0.200 to 0.300)" in lines[2]
    assert "0.700 (0.500 to 0.900)" in lines[3]
    assert "failed      10    lr=2: is, 'wrong'" in text
    assert "unfinished  11" in text
    assert not failures([row for row in rows(sweep) if row.status == "completed"]).row_count


def test_patterns_too_large_for_tv_are_ranked_by_validity(tmp_path):
    for lr, validity in ((1, 0.5), (2, 0.9)):
        run(tmp_path / str(lr), overrides=[f"lr={lr}"], validity=validity)
    assert [point.values for point in points(rows(tmp_path))[1]] == [("2",), ("1",)]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"status": 1}', '{"overrides": 3}', '{"overrides": ["a"], "metrics": 4']
)
def test_foreign_results_are_refused_in_one_line(tmp_path, content):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "result.json").write_text(content)
    with pytest.raises(UsageError, match="0/result.json: is no result of a run"):
        rows(tmp_path)


def test_brackets_in_values_and_errors_are_shown_as_they_are(tmp_path):
    run(tmp_path / "0", "failed", ["architecture.activation=[relu,tanh]"], "cannot read [/tmp/x]")
    run(tmp_path / "1", overrides=["architecture.activation=[tanh]"], validity=1.0)
    with Console(width=160, record=True) as console:
        report(tmp_path, console)
    text = console.export_text()
    assert "[relu,tanh]" in text
    assert "cannot read [/tmp/x]" in text


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no run"):
        rows(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        rows(tmp_path / "absent")


FOREIGN = ["- [1]\n", "- {a: 1}\n", "3\n", "- 1\n", "\x00", "!!python/object/apply:os.system [ls]"]


@pytest.mark.parametrize("text", FOREIGN)
def test_overrides_that_are_no_list_of_words_are_refused(tmp_path, text):
    (tmp_path / "0" / ".hydra").mkdir(parents=True)
    (tmp_path / "0" / ".hydra" / "overrides.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"overrides\.yaml: holds no overrides of a run"):
        rows(tmp_path)
