"""Pictures of a GAN in training: figures that are drawn again and again, so what stays in them is drawn once."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray
from PIL import Image

from patterngan.evaluation.portraits import Portrait
from patterngan.reporting.figures import Bars, Codes, Verdicts, legend_above, panel

TITLES = {
    "distribution": "what is generated",
    "verdicts": "what D takes for real",
    "codes": "generated codes",
}
"""The pictures there are, and what stands above each."""


class Canvas:
    """A figure of which some artists move. Only they are drawn anew, unless its axes have changed."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.figure, self.axes = panel(width, height)
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes.set_title(title, fontsize=9, loc="left")
        self._still: object = None

    def pixels(self, moving: Sequence[Artist], changed: bool) -> NDArray[np.uint8]:
        """The figure as it is now, [height, width, 3]."""
        if changed or self._still is None:
            for artist in moving:
                artist.set_animated(True)
            self.canvas.draw()
            self._still = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self._still)
        for artist in moving:
            self.axes.draw_artist(artist)
        return np.array(self.canvas.buffer_rgba())[..., :3]


class Album:
    """The three pictures of a GAN: its law, its discriminator's verdicts and its codes."""

    def __init__(self, first: Portrait) -> None:
        """`first`: any portrait of the run."""
        law, verdicts, codes = (Canvas(5, 2.6, title) for title in TITLES.values())
        self._canvases = {"distribution": law, "verdicts": verdicts, "codes": codes}
        self.bars = Bars(law.axes, first.target)
        self.verdicts = Verdicts(verdicts.axes, first.target[:-1])
        self.codes = Codes(codes.axes, *first.codes.shape)
        legend_above(law.axes)
        legend_above(verdicts.axes)

    def draw(self, portrait: Portrait) -> dict[str, NDArray[np.uint8]]:
        """Each picture of a portrait by its name, [height, width, 3]."""
        changed = self.bars.show(portrait.law)
        self.verdicts.show(portrait.verdicts)
        self.codes.show(portrait)
        moving: dict[str, Sequence[Artist]] = {
            "distribution": (self.bars.valid, self.bars.invalid, self.bars.missing),
            "verdicts": (self.verdicts.valid, self.verdicts.invalid),
            "codes": (self.codes.image, *self.codes.labels),
        }
        return {
            name: canvas.pixels(moving[name], changed and name == "distribution")
            for name, canvas in self._canvases.items()
        }


def png(pixels: NDArray[np.uint8]) -> bytes:
    """An image file. These figures have few colours, so the fastest compression does."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()


def frames(portraits: Mapping[int, Portrait]) -> list[NDArray[np.uint8]]:
    """Step → portrait, as the frames of a film: what was generated, [height, width, 3] each."""
    canvas = Canvas(7.4, 3.4, "")
    bars = Bars(canvas.axes, next(iter(portraits.values())).target)
    legend_above(canvas.axes)
    drawn = []
    for step, portrait in portraits.items():
        bars.show(portrait.law)
        canvas.axes.set_title(caption(step, portrait), fontsize=9, loc="left")
        drawn.append(canvas.pixels([], changed=True))
    return drawn


def caption(step: int, portrait: Portrait) -> str:
    """What a portrait shows, in a few words."""
    real = portrait.target > 0
    modes = int((real & (portrait.law > 0)).sum())
    return f"step {step}   validity {portrait.law[real].sum():.3f}   modes {modes}/{int(real.sum())}"
