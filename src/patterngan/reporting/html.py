"""Pages from templates: every string is escaped, every figure becomes part of the page."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from patterngan.storage.checkpoints import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"
"""What figures write and draw lines with. No figure has this colour: in a page it becomes that of the text."""

STYLE: dict[Any, Any] = {
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.size": 8,
    "text.parse_math": False,  # a value with a dollar sign is no formula
}

ASSETS = Path(__file__).parent / "assets"


def write_page(path: Path, template: str, **content: Any) -> None:
    """Fills a template and puts the page at `path`, whole or not at all."""
    environment = Environment(
        loader=PackageLoader("patterngan.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    assets = {
        "style": Markup((ASSETS / "simple.min.css").read_text()),
        "script": Markup((ASSETS / "sortable.auto.min.js").read_text()),
    }
    page = environment.get_template(template).render(**assets, **content)
    write_atomically(path, page.encode(errors="backslashreplace"))  # names of files need not be text


def title(folder: Path) -> str:
    """What a page calls a run or a sweep: by its folder and the one around it, which has the date, or is the sweep."""
    return "/".join(folder.resolve().parts[-2:])


def svg(figure: "Figure") -> Markup:
    """A figure as a part of a page, in the colours of its text: see `drawing`."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "patterngan"}):  # the same page each time
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = text.getvalue()
    return Markup(drawn[drawn.index("<svg") :].replace(INK, "currentColor"))


@contextmanager
def drawing() -> Iterator[None]:
    """Around the making of figures for a page: small enough for a telephone, in `INK`."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        yield


def _figure(value: object) -> str:
    """A metric in a table: at most four digits after the point."""
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
