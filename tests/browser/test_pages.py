"""Report pages opened from disk, in a real browser."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.conftest import errors, resize

SIZES = [(1100, 900, False), (390, 800, True)]
"""A desk in daylight, a telephone at night."""


SHOWN = {"evens/report.html": False, "sweep/report.html": True}
"""Page → whether the README shows it in the dark."""


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
        "return [...document.querySelectorAll('figure svg')].map(figure => figure.getBoundingClientRect().width)"
    )
    assert all(280 < size <= width for size in sizes if size)  # those of closed heat maps have none
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
    browser.find_element(By.CSS_SELECTOR, "table a").click()
    assert browser.current_url.endswith("/report.html")
    assert "validity" in browser.find_element(By.CLASS_NAME, "tiles").text


def test_heat_maps_open_one_at_a_time(browser, outputs):
    opened(browser, outputs / "sweep" / "report.html", 1100, 900, False)
    maps = browser.find_elements(By.TAG_NAME, "details")
    heads = [one.find_element(By.TAG_NAME, "summary") for one in maps]
    assert [head.text for head in heads] == ["lr × pattern.k", "lr × seed", "pattern.k × seed"]
    browser.execute_script("arguments[0].click()", heads[1])
    opens = [False, True, False]
    WebDriverWait(browser, 10).until(lambda _: [bool(one.get_attribute("open")) for one in maps] == opens)
