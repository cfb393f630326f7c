import json
import re

import pytest
from rich.console import Console

from patterngan.reporting.sweep import rows
from patterngan.reporting.sweep_page import SweepFolder, report_sweep, wants_pictures, write_sweep_page
from tests.reporting.test_search import note
from tests.reporting.test_sweep import run
from tests.reporting.test_sweep_figures import record


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Two learning rates, three moduli, two widths and two seeds; one run failed, one has a page."""
    folder = tmp_path_factory.mktemp("sweep")
    number = 0
    for lr in ("1e-3", "1e-2"):
        for k in ("2", "10", "3"):
            for width in ("8", "16"):
                for seed in ("0", "1"):
                    tv = float(lr) * 10 + int(k) / 100 + int(width) / 1000 + int(seed) / 10000
                    overrides = [f"lr={lr}", f"pattern.k={k}", f"architecture.width={width}", f"seed={seed}"]
                    run(folder / str(number), overrides=overrides, validity=1 - tv, coverage=1.0, modes=9, tv=tv)
                    number += 1
    run(folder / str(number), "failed", ["lr=1e-3", "pattern.k=0", "seed=0"], "k=0: <i>no</i>")
    (folder / "3" / "report.html").touch()
    return folder


@pytest.fixture(scope="module")
def page(sweep):
    return page_of(sweep)


def page_of(folder):
    return write_sweep_page(SweepFolder(folder)).read_text()


@pytest.fixture
def seeds(tmp_path):
    """Six runs, the last ones the best."""
    for seed in range(6):
        run(tmp_path / str(seed), overrides=[f"seed={seed}"], validity=0.5, tv=0.9 - seed / 10)
    return tmp_path


def pages(folder):
    return {path.parent.name for path in folder.glob("*/report.html")}


def test_every_run_has_a_line_that_links_to_it(page):
    table = page[page.index('class="sortable') :]
    assert re.findall(r'<tr><td><a href="(.*?)">', table)[:5] == ["0/", "1/", "2/", "3/report.html", "4/"]
    assert table.count("<tr>") == 1 + 25
    assert 'title="k=0: &lt;i&gt;no&lt;/i&gt;"' in table
    assert "25 runs, 24 completed, 1 failed" in page


def test_settings_have_medians_and_ranges(page):
    table = page[page.index("<h2>Settings") : page.index("<h2>Best and worst")]
    assert "<p>Median over 2 seeds (lowest to highest: 50% interval), best first.</p>" in table
    assert table.count("<tr>") == 1 + 13
    assert "<td>0.038 (0.038 to 0.038)</td>" in table
    assert "2 seeds can tell no two settings apart" in table


def test_what_failed_stands_with_its_reason_and_its_log(sweep):
    folder = sweep / "24"
    try:
        assert re.search(
            r'k=0: &lt;i&gt;no&lt;/i&gt;</span></dt>\n<dd>Logs of <a href="24/">24</a></dd>', page_of(sweep)
        )
        (folder / "train.log").touch()
        assert '<dd>Logs of <a href="24/train.log">24</a></dd>' in page_of(sweep)
        assert '<a href="#endings">why</a>' in page_of(sweep)
    finally:
        (folder / "train.log").unlink(missing_ok=True)


def test_runs_that_ended_for_one_reason_stand_together(tmp_path):
    for number, (status, error) in enumerate([("failed", "a"), ("failed", "b"), ("failed", "a"), ("diverged", "a")]):
        run(tmp_path / str(number), status, [f"seed={number}"], error)
    (tmp_path / "4" / ".hydra").mkdir(parents=True)
    (tmp_path / "4" / ".hydra" / "overrides.yaml").write_text("[seed=4]")
    endings = re.findall(r'<dt>(.*?): <span class="failed">(.*?)</span></dt>\n<dd>(.*?)</dd>', page_of(tmp_path))
    listed = [(what, why, re.findall(">(.*?)</a>", logs)) for what, why, logs in endings]
    assert listed == [
        ("2 failed", "a", ["0", "2"]),
        ("1 failed", "b", ["1"]),
        ("1 diverged", "a", ["3"]),
        ("1 unfinished", "it has written no result", ["4"]),
    ]


def test_a_sweep_that_completed_lists_no_endings(seeds):
    assert "endings" not in page_of(seeds)[page_of(seeds).index("<main>") :]


def test_learning_curves_come_first(seeds):
    assert "Learning curves" not in page_of(seeds)
    for row in rows(seeds):
        record(seeds / row.name, {"metrics/tv": {0: 0.9, 9: row.metrics["tv"]}})
    text = page_of(seeds)
    heads = re.findall("<h2.*?>(.*?)</h2>", text)
    assert heads == ["Learning curves", "Settings", "Best and worst", "Spread over seeds", "All runs"]
    assert "its band the middle half of them" in text
    assert '<span style="--mark: #2a78b5">all runs</span>' in text


def test_the_best_and_the_worst_stand_first(sweep, page):
    extremes = page[page.index("Best and worst") : page.index("Medians by two keys")]
    named = re.findall(r"<tr><td>(best|worst)</td><td><a href=.*?>(\d+)</a>", extremes)
    tv = {row.name: row.metrics.get("tv", 1) for row in rows(sweep)}
    order = sorted((name for name in tv if name != "24"), key=tv.__getitem__)
    assert named == [("best", name) for name in order[:3]] + [("worst", name) for name in order[-3:]]


def test_there_is_a_heat_map_of_every_two_keys_but_seeds_lr_and_k_first(page):
    assert re.findall('<details name="heat-map".*?><summary>(.*?)</summary>', page) == [
        "lr × pattern.k",
        "lr × architecture.width",
        "pattern.k × architecture.width",
    ]
    assert page.count('<details name="heat-map"') == 3
    assert page.count(" open>") == 1


def test_a_cell_is_the_median_of_its_runs_in_the_order_of_numbers(page):
    end = page.index("</svg>", page.index("median tv"))
    texts = re.findall(r">([^<>]+)</text>", page[page.rindex("<svg", 0, end) : end])
    assert [text for text in texts if text in ("2", "3", "10")][:3] == ["2", "3", "10"]
    median = sorted(0.01 + 2 / 100 + width / 1000 + seed / 10000 for width in (8, 16) for seed in (0, 1))
    assert f"{(median[1] + median[2]) / 2:.3g}" in texts


def test_the_spread_has_a_line_for_each_point(page):
    assert "lr=1e-3 k=2 width=8" in page
    assert "the best 12 of 12 settings" in page


def test_seeds_alone_need_no_heat_map(seeds):
    page = page_of(seeds)
    assert "Medians by two keys" not in page
    assert "Spread over seeds" in page


def test_strings_of_a_stranger_are_escaped(tmp_path):
    evil = "<script>alert(1)</script>$x_"
    for seed in range(4):
        typed = [f"a={evil}{seed % 2}", f"b={evil}{seed // 2}", f"seed={seed}"]
        run(tmp_path / f"run'\"><script>{seed}", "completed", typed, validity=0.5, tv=0.1)
    page = page_of(tmp_path)
    assert "<script>alert" not in page
    assert "<script>0" not in page
    assert re.findall(r'<a href="([^"]*)"', page)[0] == "run%27%22%3E%3Cscript%3E0/"


def test_only_the_best_runs_get_pages_unless_asked(seeds):
    report_sweep(seeds, Console(quiet=True))
    assert pages(seeds) == {"2", "3", "4", "5"}
    report_sweep(seeds, Console(quiet=True), every=True)
    assert pages(seeds) == {"0", "1", "2", "3", "4", "5"}


@pytest.mark.parametrize("curves", [[], ["curves"]])
def test_the_next_commands_are_told(seeds, curves):
    if curves:
        record(seeds / "0", {"metrics/tv": {0: 0.9}})
    with Console(width=160, record=True, quiet=False) as console:
        report_sweep(seeds, console)
    names = ["report", *curves, "integers", "alone"]
    last = console.export_text().splitlines()[-len(names) :]
    assert [line.split()[0] for line in last] == names
    assert last[0].endswith("report.html")
    assert "generate.py" in last[-2]
    assert last[-1].endswith("train.py seed=5")
    assert ("Curves of all runs" in (seeds / "report.html").read_text()) is bool(curves)


def test_without_medians_the_curves_are_those_of_all_runs(seeds, monkeypatch):
    def full(*given):
        raise OSError("No space left on device")

    monkeypatch.setattr("patterngan.reporting.sweep_page.write_medians", full)
    record(seeds / "0", {"metrics/tv": {0: 0.9}})
    with Console(width=160, record=True, quiet=False) as console:
        report_sweep(seeds, console)
    lines = console.export_text().splitlines()
    assert "no medians: No space left on device" in lines
    assert [line for line in lines if line.startswith("curves ")] == [f"curves     tensorboard --logdir {seeds}"]


def test_the_first_failed_run_can_be_trained_again_alone(seeds):
    run(seeds / "6", "diverged", ["seed=6", "lr=9"])
    run(seeds / "7", "failed", ["seed=7", "lr=0"])
    with Console(width=160, record=True, quiet=False) as console:
        report_sweep(seeds, console)
    alone = [line for line in console.export_text().splitlines() if line.startswith("alone ")]
    assert [line.rpartition("train.py ")[2] for line in alone] == ["seed=5", "seed=6 lr=9"]


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (None, True),
        ("mine", True),
        ("callbacks: {pictures: {}}", True),
        ("callbacks: {curves: {}}", False),
        ("callbacks: null", False),
        ("lr: 1", False),
    ],
)
def test_pictures_are_wanted_unless_the_config_says_otherwise(tmp_path, config, wanted):
    (tmp_path / ".hydra").mkdir()
    if config is not None:
        (tmp_path / ".hydra" / "config.yaml").write_text(config)
    assert wants_pictures(tmp_path) is wanted


def test_runs_that_want_no_pictures_have_no_pages_unless_asked(seeds):
    for row in rows(seeds):
        (seeds / row.name / ".hydra").mkdir()
        (seeds / row.name / ".hydra" / "config.yaml").write_text("callbacks: {curves: {}}\n")
    report_sweep(seeds, Console(quiet=True))
    assert not pages(seeds)
    report_sweep(seeds, Console(quiet=True), every=True)
    assert len(pages(seeds)) == 6


def test_a_damaged_run_keeps_no_other_from_its_page(seeds):
    (seeds / "5" / "events.out.tfevents.1").mkdir()
    with Console(width=160, record=True, quiet=False) as console:
        report_sweep(seeds, console)
    assert f"no page of run 5: {seeds}/5: its event files are damaged" in console.export_text()
    assert (seeds / "report.html").exists()
    assert pages(seeds) == {"2", "3", "4"}


def test_the_sweep_is_told_again_where_hydra_noted_it(seeds):
    assert "The same sweep again" not in page_of(seeds)
    notes = {"task": ["seed=range(0,6)"], "hydra": ["hydra.mode=MULTIRUN", "hydra.sweep.dir=/else/where"]}
    (seeds / "multirun.yaml").write_text(json.dumps({"hydra": {"overrides": notes}}))
    assert "train.py -m &#39;seed=range(0,6)&#39; hydra.sweep.dir=" in page_of(seeds)


def test_a_search_is_told_by_its_best_trial_and_the_command_that_goes_on(tmp_path):
    for number in range(4):
        overrides = [f"lr=0.00{number + 1}234567890123", "architecture.width=16"]
        run(tmp_path / str(number), overrides=overrides, tv=0.5 - number / 10, validity=0.5)
    note(tmp_path, n_trials=4)
    with Console(width=200, record=True, quiet=False) as console:
        report_sweep(tmp_path, console)
    said, page = console.export_text(), (tmp_path / "report.html").read_text()
    assert "best       trial 3 of 4, tv 0.2: lr=0.00423 architecture.width=16" in said
    assert re.search(r"go on +.*train.py -m .* hydra.sweeper.n_trials=8 hydra.sweep.dir=", said)
    assert "<h2>Best trial 3 of 4</h2>\n<p>It reached tv 0.2: lr=0.00423 architecture.width=16.</p>" in page
    assert "Medians by two keys" not in page
    purposes = re.findall('<p>(.*?):</p>\n<div class="command">', page)
    assert purposes[:2] == ["More trials; those that have ended are kept", "The best trial again, alone"]
    assert "lr=0.004234567890123 architecture.width=16</code>" in page
    shown = re.sub("data-sort=.*?>|<code>.*?</code>", "", page[page.index("<main>") :])
    assert "234567" not in shown
