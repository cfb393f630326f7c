import pytest
from rich.console import Console

from patterngan.reporting.sweep import points, rows
from patterngan.reporting.sweep_tables import failures, print_grid, report, settings_grid
from tests.reporting.test_sweep import run, written


def grid_of(folder, settings, **others):
    """The table of settings, given as lr → tv by seed."""
    for lr, values in settings.items():
        for seed, tv in enumerate(values):
            run(folder / f"{lr}-{seed}", overrides=[f"lr={lr}", f"seed={seed}"], validity=1.0, tv=tv, **others)
    return settings_grid(*points(rows(folder)))


def test_the_tables_show_median_range_and_what_failed(tmp_path):
    sweep = written(tmp_path)
    with Console(width=160, record=True, quiet=False) as console:
        report(sweep, rows(sweep), settings_grid(*points(rows(sweep))), console)
    text = console.export_text()
    lines = text.splitlines()
    assert lines[1].split() == ["lr", "runs", "validity", "coverage", "tv", "best", "wins"]
    assert lines[2].split()[:2] == ["2", "2/3"]
    assert "0.250 (0.200 to 0.300)" in lines[2]
    assert "0.700 (0.500 to 0.900)" in lines[3]
    assert "failed      10    lr=2: is, 'wrong'" in text
    assert "unfinished  11" in text
    assert not failures([row for row in rows(sweep) if row.status == "completed"]).row_count


def test_brackets_in_values_and_errors_are_shown_as_they_are(tmp_path):
    run(tmp_path / "0", "failed", ["architecture.activation=[relu,tanh]"], "cannot read [/tmp/x]")
    run(tmp_path / "1", overrides=["architecture.activation=[tanh]"], validity=1.0)
    with Console(width=160, record=True) as console:
        report(tmp_path, rows(tmp_path), settings_grid(*points(rows(tmp_path))), console)
    text = console.export_text()
    assert "[relu,tanh]" in text
    assert "cannot read [/tmp/x]" in text


def test_settings_that_overlap_are_marked_and_others_are_not(tmp_path):
    near, far = [0.12, 0.19, 0.31, 0.42], [0.6, 0.7, 0.8, 0.9]
    grid = grid_of(tmp_path, {1: [0.1, 0.2, 0.3, 0.4], 2: near, 3: far, 4: [tv + 0.05 for tv in far]})
    assert grid.title == "median over 4 seeds (lowest to highest: 88% interval), best first"
    assert [line[-1] for line in grid.lines] == ["best", "56% ≈", "100%", "100%"]
    assert grid.notes == [
        "best wins: how often the best beats this; ≈ cannot be told from the best"
        " (Mann-Whitney's test, 5% false discoveries)"
    ]


def test_three_seeds_tell_nothing_apart(tmp_path):
    grid = grid_of(tmp_path, {1: [0.1, 0.2, 0.3], 2: [0.6, 0.7, 0.8]})
    assert grid.title == "median over 3 seeds (lowest to highest: 75% interval), best first"
    assert grid.lines[1][-1] == "100% ≈"
    assert grid.notes[-1] == "3 seeds can tell no two settings apart, whatever they show; 4 can"


def test_six_seeds_are_paired_and_have_an_interval_of_95_percent(tmp_path):
    tv = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    grid = grid_of(tmp_path, {1: tv, 2: [value + 0.01 + value / 100 for value in tv]})
    assert grid.title == "median over 6 seeds (95% interval), best first"
    assert grid.lines[1][-1] == "58%"
    assert "(Wilcoxon's test paired by seed, 5% false discoveries)" in grid.notes[0]


def test_settings_of_few_and_of_many_seeds_say_which_interval_is_a_range(tmp_path):
    grid = grid_of(tmp_path, {1: [0.1 * seed for seed in range(8)], 2: [0.8, 0.9]})
    assert grid.title == (
        "median over 2 to 8 seeds (95% interval; of fewer than 6 seeds lowest to highest), best first"
    )


def test_one_seed_has_no_range_and_is_said_to_say_nothing(tmp_path):
    grid = grid_of(tmp_path, {1: [0.1], 2: [0.6]})
    assert grid.title == "one seed each, best first"
    assert [line[-1] for line in grid.lines] == ["0.100", "0.600"]
    assert grid.head == ["lr", "runs", "validity", "tv"]
    assert grid.notes == ["one seed says nothing about another: seed=0,1,2,3,4,5 adds a range and a comparison"]


def test_the_floor_has_a_column_where_samples_are_counted(tmp_path):
    assert grid_of(tmp_path, {1: [0.1], 2: [0.6]}, tv_floor=0.0).head[-1] == "tv"
    grid = grid_of(tmp_path / "counted", {1: [0.1], 2: [0.6]}, tv_floor=0.0324)
    assert grid.head[-2:] == ["tv", "tv_floor"]
    assert grid.lines[0][-1] == "0.032"


def test_large_patterns_show_the_metrics_that_they_have(tmp_path):
    run(tmp_path / "0", overrides=["lr=1"], validity=1.0, marginal_gap=0.1, distinct=9, tv=None)
    assert settings_grid(*points(rows(tmp_path))).head == ["runs", "validity", "marginal_gap"]


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_sweep_without_a_result_has_a_table_all_the_same(tmp_path, status):
    for seed in range(4):
        run(tmp_path / str(seed), status, [f"seed={seed}"], "no")
    grid = settings_grid(*points(rows(tmp_path)))
    assert (grid.head, grid.lines) == (["runs"], [["0/4"]])


def test_more_settings_than_lines_are_counted(tmp_path):
    grid = grid_of(tmp_path, {lr: [lr / 100] for lr in range(23)})
    assert (len(grid.lines), grid.others) == (20, 3)
    for shown, others in ((None, 3), (5, 18)):
        with Console(width=160, record=True) as console:
            print_grid(grid, console, shown)
        assert f"\n… and {others} more settings\n" in console.export_text()
