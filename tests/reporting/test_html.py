import pytest
from jinja2 import UndefinedError

from patterngan.reporting import charts
from patterngan.reporting.html import INK, drawing, page_address, svg, write_page

PAGE = {
    "result": {"status": "completed", "steps": 9, "wall_seconds": 1.55, "overrides": []},
    "tiles": [],
    "verdict": None,
    "playback": None,
    "stills": {},
    "curves": {},
    "most_integers": 4096,
    "commands": {},
    "metrics": {"tv": 0.123456, "kl": None, "modes": 3},
    "config": "a: \udcff",
}


def test_a_page_escapes_text_and_shortens_numbers(tmp_path):
    path = tmp_path / "2024-01-01" / "<b>run" / "page.html"
    path.parent.mkdir(parents=True)
    write_page(path, "run.html", **PAGE)
    text = path.read_text()
    assert "<title>2024-01-01/&lt;b&gt;run</title>" in text
    write_page(path, "run.html", **PAGE, title="a < b")
    assert "<title>a &lt; b</title>" in path.read_text()
    for number in ("0.1235", "–", "3"):
        assert f'<td class="number">{number}</td>' in text
    assert r"a: \udcff" in text


def test_a_page_that_lacks_content_is_not_written(tmp_path):
    with pytest.raises(UndefinedError):
        write_page(tmp_path / "page.html", "run.html", result=PAGE["result"])
    assert not list(tmp_path.iterdir())


def test_figures_have_the_colour_of_the_text_and_are_the_same_each_time():
    with drawing():
        panel = charts.HeatMap("median tv", "tv", {("$a$", "b"): 0.5})
        first, second = (svg(charts.heat_maps(["$a$"], ["b"], [panel])) for _ in range(2))
    assert first == second
    assert first.startswith("<svg")
    assert "currentColor" in first
    assert INK not in first
    assert "$a$" in first


def test_an_address_leads_to_a_page_or_to_the_folder_without_one(tmp_path):
    run = tmp_path / "sweep" / "a run"
    run.mkdir(parents=True)
    assert page_address(run, tmp_path / "sweep") == "a%20run/"
    (run / "report.html").touch()
    assert page_address(run, tmp_path / "sweep") == "a%20run/report.html"
    assert page_address(run, tmp_path / "other") == "../sweep/a%20run/report.html"
    assert page_address(tmp_path, tmp_path) == "./"
