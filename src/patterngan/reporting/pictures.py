"""Pictures of a GAN in training, and its film: figures that are drawn for one portrait after another."""

import io
from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from patterngan.evaluation.portraits import Portrait
from patterngan.reporting.figures import Bars, Codes, DScores, Kind, legend_above, panel


class Canvas:
    """A figure that shows one portrait after another; what does not change is kept as its background."""

    def __init__(self, kind: Kind, title: str, first: Portrait) -> None:
        self.figure, self.axes = panel()
        self.canvas = FigureCanvasAgg(self.figure)
        self.drawn = kind(self.axes, first)
        for artist in self.drawn.changing:
            artist.set_animated(True)  # no part of the background
        self.axes.set_title(title, fontsize=9, loc="left")
        legend_above(self.axes)
        self._background: object = None

    def draw(self, portrait: Portrait) -> bytes:
        """The figure of a portrait, as a PNG file. A new scale of the axes needs a new background."""
        limits = self.axes.get_ylim()
        self.drawn.show(portrait)
        if self._background is None or self.axes.get_ylim() != limits:
            self.canvas.draw()
            self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self._background)
        for artist in self.drawn.changing:
            self.axes.draw_artist(artist)
        file = io.BytesIO()
        _image(self.canvas).save(file, "png", compress_level=1)  # enough for so few colours
        return file.getvalue()


def _image(canvas: FigureCanvasAgg) -> Image.Image:
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


class Album:
    """The three pictures of a GAN: its law, the scores of its discriminator and its codes."""

    def __init__(self, first: Portrait) -> None:
        self.canvases = {
            "pictures/distribution": Canvas(Bars, "generated law", first),
            "pictures/d_scores": Canvas(DScores, "D(x) of each integer", first),
            "pictures/codes": Canvas(Codes, "generated codes", first),
        }

    def draw(self, portrait: Portrait) -> dict[str, bytes]:
        """The pictures of a portrait by TensorBoard's tag, as PNG files."""
        return {tag: canvas.draw(portrait) for tag, canvas in self.canvases.items()}


def frames(portraits: Mapping[int, Portrait]) -> list[Image.Image]:
    """The frames of a film of the generated law, from step → portrait; RGB."""
    figure, axes = panel(7.4, 3.4)
    canvas = FigureCanvasAgg(figure)
    bars = Bars(axes, next(iter(portraits.values())))
    legend_above(axes)
    film = []
    for step, portrait in portraits.items():
        bars.show(portrait, *portraits.values())
        real = portrait.target > 0
        tv = (portrait.law - portrait.target).abs().sum() / 2
        title = f"step {step}   validity {portrait.law[real].sum():.3f}   tv {tv:.3f}"
        axes.set_title(title, fontsize=9, loc="left")
        canvas.draw()
        film.append(_image(canvas))
    return film
