import json
import re

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from patterngan.paths import CONF
from patterngan.reporting.run import report_run
from patterngan.runs.run import train
from patterngan.validation import UsageError

pytestmark = pytest.mark.end_to_end  # trains a run into a folder

QUICK = ["experiment=plain", "steps=4", "evaluate_every=2", "evaluation.samples=100"]


def result(folder, **content):
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"status": "completed", "seed": 0, "steps": 9, "wall_seconds": 1.5, "overrides": [], "metrics": {}}
    (folder / "result.json").write_text(json.dumps({**whole, **content}))
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run."""
    folder = tmp_path_factory.mktemp("run")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        train(compose("config", QUICK), folder, QUICK)
    return folder


@pytest.fixture(scope="module")
def page(trained):
    return (trained / "report.html").read_text()


def test_a_run_leaves_a_page_that_needs_nothing_else(page):
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=", page) == []
    assert re.findall(r"url\((?!#)", page) == []
    assert "default-src 'none'" in page
    assert '<meta name="viewport"' in page
    assert "prefers-color-scheme" in page


def test_a_page_shows_figures_metrics_config_and_commands(page, trained):
    metrics = json.loads((trained / "result.json").read_text())["metrics"]
    assert f"<b>{metrics['validity']:.3f}</b><span>validity</span>" in page
    assert f"<b>{metrics['modes']} of 64</b><span>modes</span>" in page
    captions = re.findall("</svg>\\s*<figcaption>(.*?)</figcaption>", page)
    assert captions == [
        "Generated integers at step 0",
        "Generated integers at step 4; the dashed line is the target",
        "D(x), the probability that x is real, at step 4",
        "Generated codes at step 4",
        "Metrics",
        "Losses of the discriminator and the generator",
    ]
    assert page.count("<svg") == 6
    for script in ("train.py", "generate.py", "evaluate.py", "export.py", "report.py", "tensorboard --logdir"):
        assert script in page
    assert all(f"<code>{override}</code>" in page for override in QUICK)


def test_a_page_says_what_was_trained_and_what_became_of_it(tmp_path):
    metrics = {"validity": 0.92, "modes": 9, "coverage": 9 / 64, "support": 64, "samples": 10_000, "tv": 0.88}
    folder = result(tmp_path, metrics=metrics)
    (folder / ".hydra").mkdir()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        (folder / ".hydra" / "config.yaml").write_text(OmegaConf.to_yaml(compose("config", QUICK)))
    text = report_run(folder).read_text()
    assert "<title>even numbers below 128 · nonsaturating · mlp</title>" in text
    assert re.search('class="verdict bad"><strong>collapsed: 9 of 64 modes</strong> It generates fewer than half', text)
    assert re.findall(r'<div(?: class="(\w+)")?><b>([^<]*)</b>', text)[:4] == [
        ("fair", "0.920"),
        ("bad", "9 of 64"),
        ("bad", "0.141"),
        ("bad", "0.880"),
    ]
    assert '<i style="width: 14.1%"></i>' in text


def test_a_page_holds_the_whole_training(page, trained):
    (numbers,) = re.findall('<script type="application/json" id="playback">(.*?)</script>', page, re.DOTALL)
    assert json.loads(numbers)["steps"] == [0, 2, 4]
    assert page.count('class="still"') == 4
    assert len(page) < 300_000


def test_commands_are_folded_and_can_be_copied(page):
    (commands,) = re.findall('<details class="commands">.*?</details>', page, re.DOTALL)
    assert commands.count("<code>") == commands.count(">copy</button>") > 4


def test_a_page_of_a_run_with_a_holdout_shows_what_d_says(tmp_path):
    holdout = [*QUICK, "pattern.holdout=0.5"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        train(compose("config", holdout), tmp_path, holdout)
    assert (
        "What D says: its mean logit of shown, held-out and invalid integers" in (tmp_path / "report.html").read_text()
    )


def test_figures_take_the_colour_of_the_page(page):
    assert "#010203" not in page
    assert page.count("currentColor") > 50


def test_a_page_is_the_same_when_it_is_made_again(page, trained):
    assert report_run(trained) == trained / "report.html"
    assert (trained / "report.html").read_text() == page


def test_every_string_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    folder = result(tmp_path / "<b>run", error=evil, overrides=[f"lr={evil}"], metrics={evil: 1.0})
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "config.yaml").write_text(f"a: {evil}")
    text = report_run(folder).read_text()
    assert evil not in text
    assert "<b>run" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 5


def test_a_run_that_failed_has_a_page_that_says_why(tmp_path):
    folder = result(tmp_path, status="diverged", error="diverged: not finite at step 9")
    text = report_run(folder).read_text()
    assert '<p class="verdict bad"><strong>diverged at step 9</strong>' in text
    assert '<p class="failed">' not in text  # which would say the same again
    assert "<h2>Metrics</h2>" not in text
    assert "The integers are not drawn" in text
    assert "generate.py" not in text
    failed = report_run(result(tmp_path, status="failed", error="lr=-1: must be > 0")).read_text()
    assert '<p class="failed">lr=-1: must be &gt; 0</p>' in failed


def test_what_is_no_result_is_refused(tmp_path):
    result(tmp_path, metrics={"tv": "<b>"})
    with pytest.raises(UsageError, match=r"result\.json: is no result of a run"):
        report_run(tmp_path)


def test_a_resumed_runs_page_begins_it_anew(tmp_path):
    typed = ["lr=0.1", f"ckpt_path={tmp_path}/checkpoints/last.ckpt", "steps=300"]
    page = report_run(result(tmp_path, overrides=typed)).read_text()
    assert "train.py lr=0.1 steps=300</code>" in page
    page = report_run(result(tmp_path, overrides=["ckpt_path=/elsewhere/best.ckpt"])).read_text()
    assert "train.py ckpt_path=/elsewhere/best.ckpt</code>" in page


def test_a_page_offers_what_can_be_done(run, tmp_path):
    run(*QUICK, "~logger")
    text = (tmp_path / "report.html").read_text()
    assert "steps=8" in text  # to train it further
    assert "tensorboard" not in text
    assert "--animate" not in text


def test_a_run_that_goes_on_has_no_page_of_its_end(run, tmp_path, monkeypatch):
    (tmp_path / ".hydra").mkdir()  # as Hydra does
    run(*QUICK)

    def stopped(*_):
        assert not (tmp_path / "report.html").exists()
        assert not (tmp_path / "result.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("patterngan.training.module.GAN.training_step", stopped)
    with pytest.raises(SystemExit):
        run(QUICK[0], "steps=8", *QUICK[2:], f"ckpt_path={tmp_path}")
    assert not (tmp_path / "report.html").exists()


def test_a_page_that_cannot_be_made_loses_no_run(run, tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise ZeroDivisionError("the page is wrong")

    monkeypatch.setattr("patterngan.reporting.run.report_run", refuse)
    assert run(*QUICK) is not None
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "completed"
    assert "no report page: the page is wrong" in caplog.text


def test_without_pictures_there_is_no_page(run, tmp_path):
    run(*QUICK, "~callbacks.pictures")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("overrides", [["~logger"], ["encoding.capacity=1099511627776"]])
def test_a_page_does_without_pictures(run, tmp_path, overrides):
    run(*QUICK, *overrides)
    text = (tmp_path / "report.html").read_text()
    assert "D(x)" not in text
    assert 'id="playback"' not in text
    assert "The integers are not drawn: there are more than 4096 of them, or the run has no event files" in text
    assert len(text) < 60_000
