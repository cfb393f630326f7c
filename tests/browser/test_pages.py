"""Report pages opened from disk, in a real browser."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from patterngan.evaluation.portraits import MOST_INTEGERS
from patterngan.reporting.figures import INVALID, VALID
from patterngan.reporting.history import history
from patterngan.reporting.html import write_page
from patterngan.reporting.playback import playback
from patterngan.reporting.sweep_page import SweepFolder, write_sweep_page
from tests.browser.conftest import errors, resize
from tests.reporting.test_html import PAGE
from tests.reporting.test_playback import portrait
from tests.reporting.test_sweep import run

SIZES = [(1100, 900, False), (390, 800, True)]
"""A desk in daylight, a telephone at night."""


SHOWN = {"evens/report.html": False, "sweep/report.html": True}
"""Page → whether the README shows it in the dark."""


LETTERS = """
return [...document.querySelectorAll('figure svg')].filter(figure => figure.checkVisibility()).flatMap(figure => {
  const scale = figure.getBoundingClientRect().width / figure.viewBox.baseVal.width;
  return [...figure.querySelectorAll('text')].map(text => parseFloat(getComputedStyle(text).fontSize) * scale);
});
"""
"""The size of each letter of the figures, in pixels of the screen."""


def opened(browser, path, width, height, dark):
    resize(browser, width, height, dark)
    browser.get(path.as_uri())
    assert errors(browser) == []


def background(browser):
    color = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    return [int(part) for part in color.strip("rgb()").split(",")]


@pytest.mark.parametrize(("width", "height", "dark"), SIZES)
@pytest.mark.parametrize("page", ["evens/report.html", "sweep/report.html"])
def test_pages_fit_the_screen_in_light_and_dark(browser, outputs, screenshot, tmp_path, page, width, height, dark):
    opened(browser, outputs / page, width, height, dark)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert (max(background(browser)) < 60) is dark
    ink = browser.execute_script("return getComputedStyle(document.querySelector('svg text')).fill")
    assert (min(int(part) for part in ink.strip("rgb()").split(",")) > 150) is dark
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('figure svg, .uplot')].map(one => one.getBoundingClientRect().width)"
    )
    assert all(
        280 < size <= width for size in sizes if size
    )  # those of closed heat maps and of still figures have none
    if SHOWN.get(page) == dark:
        screenshot(f"report_{page.partition('/')[0]}", tmp_path)


def test_a_click_sorts_the_runs(browser, outputs):
    opened(browser, outputs / "sweep" / "report.html", 1100, 900, False)
    table = browser.find_element(By.CSS_SELECTOR, "table.sortable")
    heads = [head.text.strip(" ▸▾▴") for head in table.find_elements(By.CSS_SELECTOR, "thead th")]

    def column(name):
        return [
            row.find_elements(By.TAG_NAME, "td")[heads.index(name)].text
            for row in table.find_elements(By.CSS_SELECTOR, "tbody tr")
        ]

    assert column("run") == list("01234567")
    for head, key in (("tv", float), ("lr", float), ("run", int)):
        before = column(head)
        button = table.find_elements(By.CSS_SELECTOR, "thead th")[heads.index(head)]
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", button)
        wanted = sorted(before, key=key, reverse=True)
        WebDriverWait(browser, 10).until(lambda _, head=head, wanted=wanted: column(head) == wanted)


def test_links_of_the_best_lead_to_their_pages(browser, outputs):
    opened(browser, outputs / "sweep" / "report.html", 1100, 900, False)
    browser.find_element(By.CSS_SELECTOR, "table a").send_keys(Keys.ENTER)
    assert browser.current_url.endswith("/report.html")
    assert "validity" in browser.find_element(By.CLASS_NAME, "tiles").text


@pytest.mark.parametrize(("width", "height", "dark"), SIZES)
def test_the_letters_of_a_sweeps_figures_can_be_read(browser, outputs, width, height, dark):
    opened(browser, outputs / "sweep" / "report.html", width, height, dark)
    sizes = browser.execute_script(LETTERS)
    assert len(sizes) >= 6
    assert all(9 <= size <= 16 for size in sizes)


def test_settings_have_curves_and_what_failed_says_why_and_leads_to_its_log(browser, outputs, tmp_path):
    opened(browser, outputs / "sweep" / "report.html", 1100, 900, False)
    legend = browser.find_elements(By.CSS_SELECTOR, ".legend span:not(.dashed)")
    assert {item.text for item in legend} == {f"lr={lr} k={k}" for lr in ("0.0001", "0.001") for k in (2, 5)}
    run(tmp_path / "0", "failed", ["lr=1", "seed=0"], "lr=1: too high")
    (tmp_path / "0" / "train.log").write_text("lr=1: too high, said the log")
    write_sweep_page(SweepFolder(tmp_path))
    opened(browser, tmp_path / "report.html", 390, 800, True)
    browser.find_element(By.LINK_TEXT, "why").send_keys(Keys.ENTER)
    assert "lr=1: too high" in browser.find_element(By.CLASS_NAME, "endings").text
    browser.find_element(By.CSS_SELECTOR, ".endings a").send_keys(Keys.ENTER)
    WebDriverWait(browser, 10).until(lambda _: "said the log" in browser.find_element(By.TAG_NAME, "body").text)


def test_heat_maps_open_one_at_a_time(browser, tmp_path):
    for number in range(8):
        overrides = [f"{key}={number // 2**place % 2}" for place, key in enumerate(("lr", "b", "c"))]
        run(tmp_path / str(number), overrides=overrides, tv=number / 10)
    write_sweep_page(SweepFolder(tmp_path))
    opened(browser, tmp_path / "report.html", 1100, 900, False)
    maps = browser.find_elements(By.CSS_SELECTOR, "details[name=heat-map]")
    heads = [one.find_element(By.TAG_NAME, "summary") for one in maps]
    assert [head.text for head in heads] == ["lr × b", "lr × c", "b × c"]
    browser.execute_script("arguments[0].click()", heads[1])
    opens = [False, True, False]
    WebDriverWait(browser, 10).until(lambda _: [bool(one.get_attribute("open")) for one in maps] == opens)


PIXELS = """
const canvas = document.querySelector(arguments[0] + ' canvas');
const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
const wanted = [1, 3, 5].map(place => parseInt(arguments[1].slice(place, place + 2), 16));
let count = 0;
for (let place = 0; place < data.length; place += 4)
  count += data[place + 3] > 200 && wanted.every((value, channel) => Math.abs(data[place + channel] - value) < 12);
return count;
"""


def drawn(browser, chart, color):
    """How many pixels of a chart have this colour."""
    return browser.execute_script(PIXELS, chart, color)


def picture(browser, chart):
    return browser.execute_script("return document.querySelector(arguments[0] + ' canvas').toDataURL()", chart)


@pytest.fixture
def evens(browser, outputs):
    """The page of a run in daylight, and what it shows."""
    opened(browser, outputs / "evens" / "report.html", 1100, 900, False)
    return history(outputs / "evens").portraits


def test_a_slider_moves_the_law_the_scores_and_the_codes_together(browser, evens):
    slider = browser.find_element(By.CSS_SELECTOR, ".player input")
    said = browser.find_element(By.CSS_SELECTOR, ".player output")
    steps, shown, before = list(evens), evens[max(evens)], {}
    for key, step in ((Keys.END, steps[-1]), (Keys.HOME, steps[0]), (Keys.ARROW_RIGHT, steps[1])):
        slider.send_keys(key)
        after = {chart: picture(browser, chart) for chart in (".law", ".scores", ".heat", ".codes")}
        kept = [chart for chart in after if after[chart] == before.get(chart)]
        assert kept == [".codes"] * (bool(before) and shown.codes.equal(evens[step].codes))
        shown, before = evens[step], after
        real = shown.target > 0
        tv = (shown.law - shown.target).abs().sum() / 2
        assert said.text == f"step {step} · validity {shown.law[real].sum():.3f} · tv {tv:.3f}"
    slider.send_keys(Keys.HOME)
    untrained = drawn(browser, ".law", INVALID)
    slider.send_keys(Keys.END)
    assert untrained > 500 > 5 * drawn(browser, ".law", INVALID)
    assert drawn(browser, ".heat", VALID) > 1000
    assert errors(browser) == []


def test_thousands_of_integers_move_too(browser, tmp_path):
    portraits = {step: portrait(step, capacity=MOST_INTEGERS, held=True) for step in (0, 20)}
    write_page(tmp_path / "report.html", "run.html", **{**PAGE, "playback": playback(portraits), "config": ""})
    opened(browser, tmp_path / "report.html", 390, 800, True)
    before = {chart: picture(browser, chart) for chart in (".law", ".scores")}
    browser.find_element(By.CSS_SELECTOR, ".player input").send_keys(Keys.HOME)
    assert all(picture(browser, chart) != one for chart, one in before.items())
    assert browser.find_element(By.CSS_SELECTOR, ".player output").text.startswith("step 0 ·")
    for color in (VALID, INVALID):
        assert all(drawn(browser, chart, color) > 100 for chart in before)
    assert errors(browser) == []


@pytest.mark.parametrize("chart", [".law", ".scores", ".heat"])
def test_hovering_tells_an_integer_its_probability_and_its_score(browser, evens, chart):
    portrait = evens[max(evens)]
    over = browser.find_element(By.CSS_SELECTOR, f"{chart} .u-over")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", over)
    width, height = over.size["width"], over.size["height"]
    place = round(width * (42 + 0.7) / 128.4 - width / 2)
    ActionChains(browser).move_to_element_with_offset(over, place, 6 - height // 2).perform()
    lines = browser.find_element(By.CSS_SELECTOR, f"{chart} .tip").get_attribute("textContent").splitlines()
    assert lines[-3] == "integer 42 (valid)"
    assert float(lines[-2].removeprefix("probability ")) == pytest.approx(portrait.law[42].item(), rel=1e-2)
    assert float(lines[-1].removeprefix("D(x) ")) == pytest.approx(portrait.d_scores[42].item(), abs=1e-3)
    assert lines[:-3] == ([f"step {max(evens)}"] if chart == ".heat" else [])


def test_a_click_on_the_heat_map_chooses_a_step(browser, evens):
    over = browser.find_element(By.CSS_SELECTOR, ".heat .u-over")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", over)
    ActionChains(browser).move_to_element_with_offset(over, 0, over.size["height"] // 2 - 3).click().perform()
    assert browser.find_element(By.CSS_SELECTOR, ".player output").text.startswith(f"step {min(evens)} ·")


def test_training_plays_to_its_end(browser, evens):
    button = browser.find_element(By.CSS_SELECTOR, ".player button")
    said = browser.find_element(By.CSS_SELECTOR, ".player output")
    button.click()
    assert said.text.startswith("step 0 ·")
    assert button.accessible_name == "pause"
    WebDriverWait(browser, 30).until(lambda _: said.text.startswith(f"step {max(evens)} ·"))
    WebDriverWait(browser, 10).until(lambda _: button.accessible_name == "play")


def test_commands_open_and_are_copied(browser, evens):
    button = browser.find_element(By.CSS_SELECTOR, ".command button")
    assert not button.is_displayed()
    browser.execute_script("document.querySelector('.commands summary').click()")
    assert button.is_displayed()
    browser.execute_script("arguments[0].click()", button)
    WebDriverWait(browser, 10).until(lambda _: button.text in ("copied", "selected"))


@pytest.mark.parametrize(("width", "dark"), [(1100, False), (390, True)])
def test_without_javascript_a_page_shows_still_figures(browser, outputs, width, dark):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(browser, outputs / "evens" / "report.html", width, 900, dark)
        assert not browser.find_element(By.CLASS_NAME, "playback").is_displayed()
        stills = browser.find_elements(By.CLASS_NAME, "still")
        assert [still.is_displayed() for still in stills] == [True] * 4
        assert not browser.find_element(By.CSS_SELECTOR, ".command button").is_displayed()
        opened(browser, outputs / "sweep" / "report.html", width, 900, dark)
        assert "Click on a column's name" not in browser.find_element(By.TAG_NAME, "body").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_with_javascript_still_figures_are_hidden(browser, evens):
    assert not any(still.is_displayed() for still in browser.find_elements(By.CLASS_NAME, "still"))
    assert browser.find_element(By.CLASS_NAME, "playback").is_displayed()
