"""docs/tutorial.md can be followed from its start to its end, and shows what comes out."""

import doctest
import re

from tests.docs.pages import DOCS

PAGE = DOCS["tutorial"]


def test_folders_are_made_before_they_are_read():
    made: set[str] = set()
    for command in PAGE.commands:
        read = [word for word in command.arguments if word.startswith("outputs/")]
        assert made.issuperset(read), command
        folders = (re.fullmatch(r"hydra\.(?:run|sweep)\.dir=(.*)", word) for word in command.arguments)
        made |= {folder[1] for folder in folders if folder}
    assert len(made) > 10


def test_every_image_is_shown_and_all_but_drawings_are_made_by_a_command_of_the_page():
    shown = set(re.findall(r"!\[[^]]+\]\(images/([^)]+)\)", PAGE.prose))
    images = PAGE.path.parent / "images"
    assert shown == {path.name for path in images.glob("tutorial_*")}
    for name in shown:
        assert name.endswith(".svg") or f"docs/images/{name}" in "\n".join(PAGE.blocks())
        assert (images / name).stat().st_size < 150_000


def test_what_its_python_prints_is_what_it_says():
    session = "".join(PAGE.blocks("pycon"))
    example = doctest.DocTestParser().get_doctest(session, {}, PAGE.name, PAGE.name, 0)
    assert doctest.DocTestRunner(verbose=False).run(example) == doctest.TestResults(0, len(example.examples))
