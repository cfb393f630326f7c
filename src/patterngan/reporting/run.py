"""What is left to look at when a run has ended: its page, its pictures, its film. Made from its folder alone."""

import io
from itertools import pairwise
from pathlib import Path

from patterngan.evaluation.portraits import MOST_PICTURES, due
from patterngan.reporting.events import EventFile
from patterngan.reporting.history import History, history
from patterngan.reporting.run_page import write_run_page
from patterngan.reporting.tags import folder_of_events
from patterngan.storage.checkpoints import write_atomically
from patterngan.storage.results import FILE, FILM
from patterngan.validation import UsageError

PACE, PAUSE = 500, 3000
"""Milliseconds: how long a picture of the film stays, and the last."""


def is_run(folder: Path) -> bool:
    """Whether a folder is that of one run, ended or not, and not of a sweep."""
    return (folder / FILE).exists() or (folder / ".hydra").is_dir()


def report_run(run: Path) -> Path:
    """A run's page, and its pictures in TensorBoard if it has none; returns where the page is.

    Raises:
        UsageError: if the folder holds no run that has ended, or a damaged one.
    """
    past = history(run)
    page = write_run_page(run, past)
    if past.portraits and not past.pictured:
        _picture(run, past)
    return page


def _picture(run: Path, past: History) -> None:
    from patterngan.reporting.pictures import Album, png

    last = max(past.portraits)
    album = Album(past.portraits[last])
    file = EventFile(folder_of_events(run), purge_step=None)
    for before, step in pairwise([0, *past.portraits]):
        if due(step, before, last, MOST_PICTURES):
            for name, pixels in album.draw(past.portraits[step]).items():
                file.image(f"pictures/{name}", png(pixels), step)
    file.flush()


def film(run: Path) -> Path:
    """What a run generated over its training, as an animated GIF; returns where it is.

    Raises:
        UsageError: if the run has no portraits.
    """
    from PIL import Image

    from patterngan.reporting.pictures import frames

    portraits = history(run).portraits
    if not portraits:
        raise UsageError(f"{run}: has no portraits to animate; callbacks.curves writes them if integers are few")
    images = [Image.fromarray(pixels) for pixels in frames(portraits)]
    file = io.BytesIO()
    lengths = [PACE] * (len(images) - 1) + [PAUSE]
    images[0].save(file, "gif", save_all=True, append_images=images[1:], duration=lengths, loop=0)
    write_atomically(run / FILM, file.getvalue())
    return run / FILM
