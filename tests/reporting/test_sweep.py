import csv
import json

import pandas as pd
import pytest

from patterngan.reporting.sweep import points, ranked, readable, rows, swept, write_csv
from patterngan.validation import UsageError


def run(folder, status="completed", overrides=(), error=None, **metrics):
    folder.mkdir(parents=True)
    seed = next((int(override[5:]) for override in overrides if override.startswith("seed=")), 0)
    seconds = {"wall_seconds": 1.5, "share_seconds": 0.5}
    content = {"status": status, "seed": seed, "steps": 9, **seconds, "overrides": list(overrides)}
    (folder / "result.json").write_text(json.dumps({**content, "error": error, "metrics": metrics}))


@pytest.fixture
def sweep(tmp_path):
    return written(tmp_path)


def written(folder):
    """Seven runs: two settings whose runs completed but for one, and one that never ended."""
    for number, (lr, seed, tv) in enumerate([(1, 0, 0.5), (1, 1, 0.7), (1, 2, 0.9), (2, 0, 0.2), (2, 1, 0.3)]):
        overrides = [f"lr={lr}", f"seed={seed}", "steps=9"]
        run(folder / str(number), overrides=overrides, validity=1 - tv / 10, coverage=0.5, tv=tv, marginals=[1])
    run(folder / "10", "failed", ["lr=2", "seed=2", "steps=9"], "lr=2: is, 'wrong'")
    hydra = folder / "11" / ".hydra"
    hydra.mkdir(parents=True)
    (hydra / "overrides.yaml").write_text("- lr=3\n- seed=0\n- steps=9\n")
    return folder


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


def test_pandas_reads_the_csv_as_numbers_where_they_are_numbers(sweep):
    typed = ["lr=1e-3", "seed=7", "+callbacks.stop.patience=2", "~penalty", "++trainer.x=[1,2]", "steps=400"]
    run(sweep / "12", overrides=typed, validity=1.0, tv=0.1, exact=True)
    table = pd.read_csv(write_csv(sweep, rows(sweep)), index_col="run")
    assert table.columns.is_unique
    assert not table.columns.str.contains("[+~'.]callbacks|^Unnamed|\\.1$").any()
    kinds = {name: table[name].dtype.kind for name in table.columns}
    numbers = ("lr", "seed", "steps", "wall_seconds", "share_seconds", "validity", "tv", "callbacks.stop.patience")
    assert {kinds[name] for name in numbers} <= {"f", "i"}
    assert table.loc[12, ["lr", "seed", "steps", "share_seconds", "callbacks.stop.patience"]].tolist() == [
        *(0.001, 7, 9, 0.5, 2),
    ]
    assert table.loc[12, ["penalty", "trainer.x"]].tolist() == ["deleted", "[1,2]"]
    assert table["status"].value_counts().to_dict() == {"completed": 6, "failed": 1, "unfinished": 1}
    assert table.groupby("lr")["tv"].median().round(3).to_dict() == {
        0.001: 0.1,
        1.0: 0.7,
        2.0: 0.25,
        3.0: pytest.approx(float("nan"), nan_ok=True),
    }


def test_text_that_a_spreadsheet_would_calculate_is_quoted(tmp_path):
    run(tmp_path / "0", "failed", ["lr==1+1", "+y=+z"], "@SUM(1)")
    with write_csv(tmp_path, rows(tmp_path)).open() as file:
        (line,) = csv.DictReader(file)
    assert {key: line[key] for key in ("lr", "y", "error")} == {"lr": "'=1+1", "y": "'+z", "error": "'@SUM(1)"}


def test_patterns_too_large_for_tv_are_ranked_by_validity(tmp_path):
    for lr, validity in ((1, 0.5), (2, 0.9)):
        run(tmp_path / str(lr), overrides=[f"lr={lr}"], validity=validity)
    assert [point.values for point in points(rows(tmp_path))[1]] == [("2",), ("1",)]


def test_patterns_of_several_sizes_are_ranked_by_tv_above_its_floor(tmp_path):
    for size, (tv, floor) in {10: (0.03, 0.012), 64: (0.035, 0.032), 2**19: (0.99, 0.98)}.items():
        run(tmp_path / str(size), overrides=[f"pattern.stop={size}"], validity=1, tv=tv, tv_floor=floor)
    run(tmp_path / "exact", overrides=["pattern.stop=8"], validity=1, tv=0.01, tv_floor=0.0)
    _, best_first = points(rows(tmp_path))
    assert [point.values[0] for point in best_first] == ["64", "8", "10", str(2**19)]


def test_a_pattern_of_one_integer_is_never_the_best(tmp_path):
    run(tmp_path / "0", overrides=["pattern.k=500"], validity=1, tv=0.0, support=1)
    run(tmp_path / "1", overrides=["pattern.k=5"], validity=0.5, tv=0.6, support=26)
    run(tmp_path / "2", "failed", overrides=["pattern.k=0"])
    runs = rows(tmp_path)
    assert [point.values for point in points(runs)[1]] == [("5",), ("500",), ("0",)]
    assert [row.name for row in ranked(runs)] == ["1", "0"]


def test_a_run_that_diverged_counts_as_the_worst(tmp_path):
    for seed in range(3):
        run(tmp_path / f"steady{seed}", overrides=["lr=1", f"seed={seed}"], tv=0.5)
        status = "diverged" if seed else "completed"
        run(tmp_path / f"wild{seed}", status, ["lr=2", f"seed={seed}"], **({} if seed else {"tv": 0.1}))
    _, (steady, wild) = points(rows(tmp_path))
    assert steady.scores == {0: 0.5, 1: 0.5, 2: 0.5}
    assert wild.scores == {0: 0.1, 1: 1.0, 2: 1.0}
    assert wild.figures("tv") == [0.1]


def test_a_foreign_result_is_refused_in_one_line(tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "result.json").write_text('{"status": 1}')
    with pytest.raises(UsageError, match="0/result.json: is no result of a run"):
        rows(tmp_path)


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


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("0.025792472957300305", "0.0258"),
        ("1.0001e-05", "1e-05"),
        ("123456789", "123456789"),
        ("1e-3", "1e-3"),
        ("nonsaturating", "nonsaturating"),
        ("", ""),
    ],
)
def test_numbers_of_many_digits_are_shortened(typed, shown):
    assert readable(typed) == shown
