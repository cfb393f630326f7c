"""What a user of TensorBoard sees of a run and a sweep, in a real browser."""

import json
import os
import time

import pytest

from tests.browser.conftest import errors, resize

VISIBLE = """
const texts = [];
(function walk(root) {
  for (const element of root.querySelectorAll('*')) {
    if (element.shadowRoot) walk(element.shadowRoot);
    if (!element.checkVisibility()) continue;
    const own = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data).join('').trim();
    if (own && !['STYLE', 'SCRIPT'].includes(element.tagName)) texts.push(own);
  }
})(document);
return texts;
"""

PICTURES = """
const sizes = [];
(function walk(root) {
  for (const element of root.querySelectorAll('*')) {
    if (element.shadowRoot) walk(element.shadowRoot);
    const size = [element.naturalWidth, element.naturalHeight];
    if (element.tagName === 'IMG' && size[0] > 100) sizes.push(size);
  }
})(document);
return sizes;
"""

TICKED = """
const ticks = [];
(function walk(root, inSelector) {
  for (const element of root.querySelectorAll('*')) {
    const within = inSelector || element.tagName === 'TF-RUNS-SELECTOR';
    if (element.shadowRoot) walk(element.shadowRoot, within);
    const selects = within || element.closest('tf-runs-selector');
    if (element.tagName === 'PAPER-CHECKBOX' && selects) ticks.push(element.checked);
  }
})(document, false);
return ticks;
"""

PATIENCE = 90
"""Seconds that a slow machine may take to draw a tab."""


@pytest.fixture
def tab(browser, tensorboard):
    """Opens a tab of TensorBoard and waits until it shows some words; returns all it shows."""

    def opened(name, *words, size=(1280, 800), folder=""):
        resize(browser, *size)
        browser.get("about:blank")
        browser.get(f"{tensorboard(folder)}/#{name}")
        return until(browser, VISIBLE, lambda shown: set(words) <= set(shown))

    return opened


def until(browser, script, satisfied):
    end = time.monotonic() + PATIENCE
    while not satisfied(result := browser.execute_script(script)):
        assert time.monotonic() < end, result
        time.sleep(0.5)
    return result


def runs(outputs):
    """The name of every run in TensorBoard, with its result.json."""
    alone = json.loads((outputs / "evens" / "result.json").read_text())
    results = {f"evens/{','.join(alone['overrides'])}": alone}
    for number in range(8):
        result = json.loads((outputs / "sweep" / str(number) / "result.json").read_text())
        results[f"sweep/{number}/{','.join(result['overrides'])}"] = result
    return results


def shows(word, value):
    """Whether a word of a table is this number, up to rounding."""
    try:
        return abs(float(word) - value) < 1e-4
    except ValueError:
        return False


def drawn_over(browser, *steps):
    """Waits until charts have these steps on their x axis."""
    until(browser, VISIBLE, lambda words: set(steps) <= set(words))
    settled(browser)


def settled(browser):
    """Lets charts end their animations, before a picture is taken for the README: no element of the page tells when."""
    time.sleep(4 if "PATTERNGAN_SCREENSHOTS" in os.environ else 0)
    assert [message for message in errors(browser) if "tensorboard" in message.lower() and "Uncaught" in message] == []


def test_scalars_show_the_curves_of_runs_by_what_was_typed_over_steps(browser, tab, outputs):
    curves = ["losses/discriminator", "losses/generator", "grads/generator"]
    shown = tab("scalars", *curves, *runs(outputs))
    assert any("lr=0.0001,pattern.k=2,seed=0" in name for name in shown)
    assert "metrics" in shown
    drawn_over(browser, "200", "400", "600")


def test_the_medians_of_a_sweep_are_a_line_for_each_setting_all_of_them_ticked(browser, tab, screenshot, tmp_path):
    names = [f"lr={lr},pattern.k={k}" for lr in ("0.0001", "0.001") for k in (2, 5)]
    shown = tab("scalars", "losses/discriminator", *names, folder="sweep/medians")
    assert not any("seed=" in text for text in shown)
    assert all(until(browser, TICKED, lambda ticks: len(ticks) == len(names)))
    drawn_over(browser, "100", "200")
    screenshot("tensorboard_scalars", tmp_path)


def test_custom_scalars_pair_what_is_read_together(browser, tab, screenshot, tmp_path):
    tab("custom_scalars", "losses of D and G", "validity, coverage and 1-tv", size=(1280, 560))
    drawn_over(browser, "200", "400", "600")
    screenshot("tensorboard_custom_scalars", tmp_path)


def test_hparams_list_every_run_of_a_sweep_with_what_is_swept_and_its_figures(
    browser, tab, outputs, screenshot, tmp_path
):
    columns = ("experiment", "lr", "pattern.k", "seed", "metrics/validity")
    results = {name.removeprefix("sweep/"): result for name, result in runs(outputs).items() if "sweep" in name}
    shown = tab("hparams", *columns[:3], "metrics/tv", "Trial ID", size=(1600, 560), folder="sweep")
    names = [name[: len("0/lr=0.0")] for name in results]  # the table cuts long names
    shown = until(browser, VISIBLE, lambda words: all(any(word.startswith(name) for word in words) for name in names))
    heads = [shown.index(name, shown.index("Trial ID")) for name in columns if name != "seed"]
    assert heads == sorted(heads)
    for result in results.values():
        for metric in ("validity", "tv"):
            assert any(shows(word, result["metrics"][metric]) for word in shown), (metric, result)
    screenshot("tensorboard_hparams", tmp_path)


def test_images_show_what_is_generated_what_d_takes_for_real_and_codes(browser, tab, outputs, screenshot, tmp_path):
    pictures = ("pictures/distribution", "pictures/d_scores", "pictures/codes")
    tab("images", *pictures, folder="evens", size=(1700, 620))
    until(browser, PICTURES, lambda sizes: len(sizes) >= 3 and all(size == [500, 260] for size in sizes))
    until(browser, VISIBLE, lambda words: "1,000" in words)  # the step
    settled(browser)
    screenshot("tensorboard_images", tmp_path)


def test_text_shows_sample_integers(browser, tab, outputs, screenshot, tmp_path):
    tab("text", "samples", size=(1280, 420))
    until(
        browser,
        VISIBLE,
        lambda shown: any(len(words := text.split()) == 10 and all(map(str.isdecimal, words)) for text in shown),
    )
    screenshot("tensorboard_text", tmp_path)
