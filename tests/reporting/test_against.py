import re

import pytest
import yaml
from rich.console import Console

from patterngan.reporting.against import report_against
from patterngan.validation import UsageError
from tests.reporting.test_sweep import run

TARGET = "patterngan.gan.objectives."


def sweep(folder, objective, tv, seeds=4):
    """A run for each lr of `tv` and each seed; its config also has what was not typed."""
    for lr, value in tv.items():
        for seed in range(seeds):
            place = folder / f"{lr}-{seed}"
            run(place, overrides=[f"lr={lr}", f"seed={seed}"], validity=1.0, tv=value + seed / 100)
            config = {"seed": seed, "lr": lr, "steps": 9, "objective": {"_target_": TARGET + objective}}
            (place / ".hydra").mkdir()
            (place / ".hydra" / "config.yaml").write_text(yaml.safe_dump({**config, "batch_size": "${lr}"}))
    return folder


def compared(first, second):
    """What is printed, without runs of spaces, and the page."""
    with Console(width=200, record=True) as console:
        page = report_against(first, second, console)
    return re.sub(r" +", " ", console.export_text()).replace(" \n", "\n"), page


@pytest.fixture
def both(tmp_path):
    first = sweep(tmp_path / "rates", "Hinge", {0.1: 0.2, 0.2: 0.5, 0.3: 0.15})
    return first, sweep(tmp_path / "other", "Wasserstein", {0.1: 0.1, 0.2: 0.51, 0.4: 0.9})


def test_what_differs_is_read_from_the_configs(both):
    text, _ = compared(*both)
    assert text.startswith(
        "what differs between A and B\nkey A B\nlr 0.1, 0.2, 0.3 0.1, 0.2, 0.4\nobjective hinge wasserstein\n\n"
    )


def test_shared_settings_stand_side_by_side_and_are_compared(both):
    text, _ = compared(*both)
    assert (
        "A and B, median over 4 seeds (lowest to highest: 88% interval)\n"
        "lr in validity tv B wins\n"
        "0.1 A 1.000 (1.000 to 1.000) 0.215 (0.200 to 0.230)\n"
        "0.1 B 1.000 (1.000 to 1.000) 0.115 (0.100 to 0.130) 100% ≈\n"
        "0.2 A 1.000 (1.000 to 1.000) 0.515 (0.500 to 0.530)\n"
        "0.2 B 1.000 (1.000 to 1.000) 0.525 (0.510 to 0.540) 28% ≈\n"
        "B wins: how often B beats A; ≈ cannot be told apart (Mann-Whitney's test, 5% false discoveries)\n"
    ) in text


def test_all_settings_of_both_are_ranked_together(both):
    text, page = compared(*both)
    ranking = re.findall(r"<tr><td>(.)</td><td>(.*?)</td>", page.read_text().partition("All settings")[2])
    assert [" ".join(cells) for cells in ranking] == ["B 0.1", "A 0.3", "A 0.1", "A 0.2", "B 0.2", "B 0.4"]
    assert "best first" not in text


def test_seeds_are_paired_where_six_are_shared(tmp_path):
    first = sweep(tmp_path / "a", "Hinge", {0.1: 0.2}, seeds=6)
    text, page = compared(first, sweep(tmp_path / "b", "Hinge", {0.2: 0.199}, seeds=6))
    assert "58%\n" in text
    assert "Wilcoxon's test paired by seed" in text
    assert "All settings" not in page.read_text()  # two settings are side by side already


def test_two_runs_are_compared_without_a_claim(both):
    text, page = compared(both[0] / "0.1-0", both[1] / "0.2-1")
    assert "in validity tv\nA 1.000 0.200\nB 1.000 0.520\none seed says nothing about another" in text
    assert page == both[1] / "0.2-1" / "against_0.1-0.html"


def test_the_page_has_the_tables_and_links_to_both(both):
    (both[0] / "report.html").touch()
    page = compared(*both)[1].read_text()
    assert 'href="../rates/report.html">A: ' in page
    assert 'href="./">B: ' in page
    assert re.findall("<h2>(.*?)</h2>", page) == ["What differs", "Shared settings", "All settings"]
    assert "<td>100% ≈</td>" in page
    assert "<title>rates against other</title>" in page


def test_long_keys_may_break_where_words_end(both, tmp_path):
    values = {"a": "gumbel_straight_through", "b": "<b>"}
    for name, value in values.items():
        run(tmp_path / name / "0", overrides=[f"head.kind={value}", "lr=0.1"], tv=0.5)
    page = compared(tmp_path / "a", tmp_path / "b")[1].read_text()
    cells = re.findall("<td>(.*?)</td>", page)
    assert cells[:3] == ["head.<wbr>kind", "gumbel_<wbr>straight_<wbr>through", "&lt;b&gt;"]


def test_runs_without_a_config_are_compared_by_what_was_typed(tmp_path):
    for name, lr in (("a", 1), ("b", 2)):
        run(tmp_path / name / "0", overrides=[f"lr={lr}", "steps=9", "seed=0"], tv=0.5, validity=1.0)
    text, _ = compared(tmp_path / "a", tmp_path / "b")
    assert text.startswith("what differs between A and B\nkey A B\nlr 1 2\n\n")


def test_many_values_are_counted(tmp_path):
    first = sweep(tmp_path / "a", "Hinge", dict.fromkeys(range(1, 9), 0.5), seeds=1)
    text, _ = compared(first, sweep(tmp_path / "b", "Hinge", {0.5: 0.5}, seeds=1))
    assert "lr 1, 2, 3, 4, 5, 6, … (8 values) 0.5\n" in text


def test_a_folder_is_not_compared_with_itself_nor_with_nothing(both, tmp_path):
    with pytest.raises(UsageError, match="compared with itself"):
        report_against(both[0], both[0], Console())
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no run"):
        report_against(both[0], tmp_path / "empty", Console())
