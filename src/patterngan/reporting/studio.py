"""Drawing run after run: axes are made once and kept, as making them takes longer than what is drawn into them."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patterngan.evaluation.portraits import Portrait
from patterngan.reporting.figures import Curves, Kind, has_dots, legend_above, panel
from patterngan.reporting.html import drawing, svg
from patterngan.reporting.pictures import Album


class Studio:
    """Draws the figures of pages and the pictures of runs; what fits the next run is used again."""

    def __init__(self) -> None:
        self._panels: dict[Any, tuple[Figure, Any]] = {}
        self._albums: dict[Any, Album] = {}

    def portrait(self, portrait: Portrait, kind: Kind, *beside: Portrait) -> Markup:
        """The figure of one GAN; a law has the scale of those `beside` which it is shown."""
        return self._drawn((kind, _sizes(portrait)), lambda axes: _drawing(kind, axes, portrait), portrait, *beside)

    def curves(self, curves: Mapping[str, Mapping[int, float]], colors: Mapping[str, str], label: str) -> Markup:
        """Curves over GAN steps: name → step → value, and name → colour. `label`: what the values are."""
        return self._drawn((label, *colors.items()), lambda axes: Curves(axes, colors, label), curves)

    def _drawn(self, key: Any, make: Callable[[Axes], Any], *shown: Any) -> Markup:
        """What is shown, in the figure of this key."""
        with drawing():
            if key not in self._panels:
                figure, axes = panel()
                self._panels[key] = figure, make(axes)
                legend_above(axes)
            figure, drawn = self._panels[key]
            drawn.show(*shown)
            return svg(figure)

    def album(self, portrait: Portrait) -> Album:
        """What draws the pictures of a run, of which this is a portrait."""
        sizes = _sizes(portrait)
        if sizes not in self._albums:
            self._albums[sizes] = Album(portrait)
        return self._albums[sizes]


def _drawing(kind: Kind, axes: Axes, portrait: Portrait) -> Any:
    """What draws portraits like this one; a figure of many integers holds pixels, a tenth of the size of outlines."""
    drawn = kind(axes, portrait)
    for artist in drawn.changing if has_dots(portrait) else ():
        artist.set_rasterized(True)
    return drawn


def _sizes(portrait: Portrait) -> tuple[Any, ...]:
    """What the axes of portraits depend on."""
    sizes = len(portrait.target), tuple(portrait.codes.shape), tuple(portrait.symbols.tolist())
    return sizes, portrait.target.max().item(), bool(portrait.held.any())
