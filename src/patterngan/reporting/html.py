"""Pages from templates: every string is escaped, figures are inline SVG."""

import io
import os
import re
from contextlib import AbstractContextManager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import matplotlib
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from patterngan.reporting.sweep import readable
from patterngan.storage.files import write_atomically
from patterngan.storage.results import PAGE

INK = "#010203"
"""Colour of text and axes in figures, and of nothing else: `svg` replaces it by the page's text colour."""

COLOURED = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
"""Settings of matplotlib for the colour of text and axes."""

ASSETS = Path(__file__).parent / "assets"


def write_page(path: Path, template: str, **content: Any) -> None:
    """Renders a template to a file, atomically. Without a `title` the page has that of its folder."""
    folder = "/".join(path.parent.resolve().parts[-2:])  # the run, and its date or sweep
    named = {**content, "folder": folder, "title": content.get("title") or folder}
    page = _environment().get_template(template).render(named)
    write_atomically(path, page.encode(errors="backslashreplace"))  # names of files may hold any bytes


def page_address(folder: Path, beside: Path) -> str:
    """The address of a folder's page or, where it has none, of the folder, from a page that lies `beside`."""
    path = Path(os.path.relpath(folder.resolve(), beside.resolve())).as_posix()
    return quote(f"{path}/{PAGE}" if (folder / PAGE).exists() else f"{path}/")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("patterngan.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["breakable"] = _breakable
    environment.filters["readable"] = readable
    environment.globals["asset"] = _asset
    environment.globals["version"] = version("patterngan")
    return environment


@cache
def _asset(name: str) -> Markup:
    """A file of assets/, which is no stranger's."""
    return Markup((ASSETS / name).read_text(encoding="utf-8"))


def _breakable(text: str) -> Markup:
    """A text that may go on in a new line after each of its underscores, and after dots between letters."""
    return Markup(re.sub(r"_|(?<=[a-z])\.(?=[a-z])", r"\g<0><wbr>", str(escape(text))))


def number(value: object) -> str:
    """A metric as text of at most four significant digits."""
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def drawing() -> AbstractContextManager[None]:
    """Context in which figures for a page are made: small type, no formulas, text and axes in `INK`."""
    style: dict[Any, Any] = {**dict.fromkeys(COLOURED, INK), "font.size": 8, "text.parse_math": False}
    return matplotlib.rc_context(style)


def svg(figure: Figure) -> Markup:
    """A figure made within `drawing`, as inline SVG whose text has the page's colour."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "patterngan"}):  # the same page each time
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = text.getvalue()
    return Markup(drawn[drawn.index("<svg") :].replace(INK, "currentColor"))
