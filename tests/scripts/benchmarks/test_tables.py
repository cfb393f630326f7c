from argparse import Namespace

import pytest

from patterngan.reporting.sweep import Row
from patterngan.validation import UsageError
from scripts.benchmarks import tables
from scripts.benchmarks.tables import Bar, Cell, CellResult, Table, fill

CELL = Cell("onehot-5", (), (Bar("validity", "worst", 0.999), Bar("tv", "median", 0.01), Bar("kl", "worst", 0.002)))
TABLE = Table("small", "cell", ("validity", "tv", "kl"), {"five, as one-hots": CELL, "free": Cell("free", ())})


def row(name, **metrics):
    standard = {"validity": 1.0, "tv": 0.01, "kl": 0.001}
    return Row(name, {}, "completed", {"steps": 30, "metrics": standard | metrics})


GOOD = [row(str(seed)) for seed in range(3)]


@pytest.mark.parametrize(
    ("runs", "misses"),
    [
        (GOOD, []),
        ([*GOOD[:2], row("2", validity=0.998)], ["worst validity ≥ 0.999"]),
        ([row("0", tv=0.015), row("1", tv=0.011), GOOD[0]], ["median tv ≤ 0.01"]),
        ([*GOOD[:2], row("2", kl=None)], ["worst kl ≤ 0.002"]),
        ([*GOOD[:2], Row("2", {}, "diverged", {})], ["worst validity ≥ 0.999", "worst kl ≤ 0.002"]),
        ([Row("0", {}, "failed", {})], ["worst validity ≥ 0.999", "median tv ≤ 0.01", "worst kl ≤ 0.002"]),
    ],
)
def test_every_bar_can_be_missed(runs, misses):
    assert CellResult(CELL, runs, 1.0).misses == misses


def test_what_is_missing_is_as_bad_as_can_be_and_what_is_zero_is_not_missing():
    result = CellResult(CELL, [row("0", tv=0.0, kl=0.0), Row("1", {}, "failed", {})], 1.0)
    assert (result.figures("validity"), result.figures("tv")) == ([1.0, 0.0], [0.0, 1.0])
    assert result.figures("kl") == [0.0, float("inf")]


def test_a_metric_that_no_run_has_leaves_its_column_empty_and_misses_its_bar():
    result = CellResult(CELL, [row("0", kl=None), row("1", kl=None)], 1.0)
    assert result.figures("kl") == []
    assert TABLE.line("five, as one-hots", result).split()[7] == "–"
    assert result.misses == ["worst kl ≤ 0.002"]


def test_a_line_gives_the_median_and_the_worst_seed():
    runs = [*GOOD[:2], row("2", validity=0.5, tv=0.1, kl=0.3)]
    line = TABLE.line("five, as one-hots", CellResult(CELL, runs, 61.4))
    assert line.split() == [
        *("five,", "as", "one-hots", "1.0000", "(0.5000)", "0.0100", "(0.1000)", "0.0010", "(0.3000)", "61"),
        *("worst", "validity", "≥", "0.999,", "worst", "kl", "≤", "0.002"),
    ]
    assert TABLE.head.index(" s ") == line.index("1  worst") - 1
    assert TABLE.line("free", CellResult(TABLE.cells["free"], runs, 61.4)).endswith("    61")


def test_a_table_is_printed_and_written_with_every_seed(tmp_path, monkeypatch, capsys):
    def train(cell, seeds, overrides, folder):
        assert (seeds, overrides, folder) == (4, ["lr=1"], tmp_path / "new" / cell.name)
        return CellResult(cell, [*GOOD, Row("3", {}, "failed", {})], 2.0)

    monkeypatch.setattr(tables, "train_cell", train)
    arguments = Namespace(seeds=4, cells=["five, as one-hots"], overrides=["lr=1"], output=tmp_path / "new")
    (result,) = fill(TABLE, arguments)
    path = tmp_path / "new" / "small.csv"
    lines = path.read_text().splitlines()
    assert lines[0] == "cell,run,status,validity,tv,kl,steps,seconds"
    assert lines[1] == '"five, as one-hots",0,completed,1.0,0.01,0.001,30,2.0'
    assert lines[4] == '"five, as one-hots",3,failed,,,,,2.0'
    assert len(lines) == 5
    printed = ["median seed (worst seed)", TABLE.head, TABLE.line("five, as one-hots", result), f"every seed in {path}"]
    assert capsys.readouterr().out.splitlines() == printed


def test_a_row_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="^--cells six: must be of five, as one-hots; free$"):
        fill(TABLE, Namespace(seeds=1, cells=["six"], overrides=[], output=tmp_path / "new"))
    assert not (tmp_path / "new").exists()
