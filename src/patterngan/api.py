"""patterngan from Python: `import patterngan as pg`, then `pg.train("pattern.k=5")`.

What is trained is a run's or a sweep's folder, as the command line leaves it, and all that is asked is read from there.
"""

import logging
import runpy
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from itertools import chain, count
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patterngan import cli
from patterngan.paths import program
from patterngan.reporting.commands import display_path
from patterngan.reporting.errors import message
from patterngan.reporting.overrides import path_literal
from patterngan.storage import results
from patterngan.sweeps.hydra_callbacks import MISTAKES, CheckBeforeRun, FailedRunsError, RefusedError
from patterngan.validation import UsageError

if TYPE_CHECKING:
    import numpy as np

    from patterngan.training.module import GAN


class Run:
    """A run that was trained."""

    def __init__(self, folder: Path, trust: Sequence[str] = ()) -> None:
        """`trust`: packages that it may name code of, although they are not installed as packages of patterngan."""
        self.folder, self.trust = folder, trust

    def __repr__(self) -> str:
        figures = [f"{name} {self.metrics[name]:.3g}" for name in ("validity", "modes", "tv") if name in self.metrics]
        return f"Run({display_path(self.folder)!r}, {', '.join(figures) or self.result['status']})"

    @property
    def result(self) -> dict[str, Any]:
        """What its result.json holds."""
        return results.read(self.folder)

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics of its last evaluation; see `evaluation.metrics`."""
        return dict(self.result["metrics"])

    def generate(self, n: int = 10, seed: int | None = None) -> list[int]:
        """`n` integers from its generator. `seed`: of the noise; new noise each time where None."""
        import torch

        from patterngan.runs.loading import load_sampler

        noise = torch.Generator().manual_seed(secrets.randbits(63) if seed is None else seed)
        integers: list[int] = load_sampler(self.folder, self.trust).sample(n, noise).tolist()
        return integers

    @cached_property
    def gan(self) -> "GAN":
        """Its generator and discriminator, as training left them."""
        from patterngan.runs.loading import load_gan

        return load_gan(self.folder, trust=self.trust)[0]

    def curves(self) -> Any:
        """A table with a row for each step at which something was measured; see `table`."""
        from patterngan.reporting.history import read_curves

        points = read_curves(self.folder)
        steps = sorted({step for values in points.values() for step in values})
        columns = {tag: [values.get(step) for step in steps] for tag, values in sorted(points.items())}
        return table({"step": steps, **columns})


class Sweep:
    """A sweep that was trained."""

    def __init__(self, folder: Path, trust: Sequence[str] = ()) -> None:
        """`trust`: see `Run`."""
        self.folder, self.trust = folder, trust

    def __repr__(self) -> str:
        return f"Sweep({display_path(self.folder)!r}, {len(self.runs)} runs)"

    @property
    def runs(self) -> list[Run]:
        """Its runs, by number."""
        from patterngan.reporting.sweep import rows

        return [Run(self.folder / row.name, self.trust) for row in rows(self.folder)]

    def table(self) -> Any:
        """A table with a row for each run: what was typed for it, and its metrics; see `table`."""
        from patterngan.reporting.sweep import columns, rows

        return table(columns(rows(self.folder)))


def train(*overrides: str, folder: str | Path | None = None) -> Run:
    """Trains a run, as `python train.py` does.

    Args:
        overrides: what would be typed: `"encoding=onehot", "pattern.k=5"`.
        folder: of the run; a new one below outputs/ where None.

    Raises:
        UsageError: in one line that names the key and the value.
        KeyboardInterrupt: when it was interrupted; `train("ckpt_path=FOLDER")` goes on.
    """
    if folder is None and not any(override.startswith("ckpt_path=") for override in overrides):
        folder = new_folder(Path("outputs"))
    _call(*overrides, *([] if folder is None else [f"hydra.run.dir={path_literal(str(folder))}"]))
    assert CheckBeforeRun.prepared is not None
    return Run(Path(CheckBeforeRun.prepared.trainer.default_root_dir))


def sweep(*overrides: str, folder: str | Path | None = None) -> Sweep:
    """Trains a sweep, as `python train.py -m` does; `Sweep.table` says which of its runs failed. Args: see `train`.

    Raises: see `train`.
    """
    folder = Path(folder or new_folder(Path("outputs", "multirun")))
    with suppress(FailedRunsError):
        _call("-m", *overrides, f"hydra.sweep.dir={path_literal(str(folder))}")
    return Sweep(folder)


def load(folder: str | Path, trust: Sequence[str] = ()) -> Run | Sweep:
    """The run or the sweep in a folder. `trust`: see `Run`.

    Raises:
        UsageError: if there is none.
    """
    from patterngan.reporting.run import is_run
    from patterngan.reporting.sweep import rows

    if is_run(Path(folder)):
        return Run(Path(folder), trust)
    rows(Path(folder))  # for its errors
    return Sweep(Path(folder), trust)


def new_folder(parent: Path) -> Path:
    """A folder below `parent` that does not exist, named after the time."""
    first = parent / f"{datetime.now():%Y-%m-%d}" / f"{datetime.now():%H-%M-%S}"
    names = (first.with_name(f"{first.name}-{number}") for number in count(2))
    return next(folder for folder in chain([first], names) if not folder.exists())


def table(columns: Mapping[str, list[Any]]) -> Any:
    """Columns by name as a pandas DataFrame; as NumPy arrays in a dict where pandas is not installed.

    A column of numbers, some of which may be missing or written as text, is one of numbers.
    """
    arrays = {name: _array(values) for name, values in columns.items()}
    try:
        import pandas as pd
    except ImportError:
        return arrays
    return pd.DataFrame(arrays)


def _array(values: list[Any]) -> "np.ndarray[Any, Any]":
    import numpy as np

    for kind in (int, float):
        with suppress(TypeError, ValueError):
            if not any(isinstance(value, bool) or (kind is int and isinstance(value, float)) for value in values):
                return np.array([nan if value is None and kind is float else kind(value) for value in values])
    return np.array(values, dtype=object)


def _call(*arguments: str) -> None:
    """Calls train.py with a command line; raises its errors as Python's, and leaves the logging as it was."""
    main = runpy.run_path(str(program("train")), run_name="train")["main"]
    with own_logging(), _errors():
        before, sys.argv = sys.argv, ["train.py"]
        try:
            cli.call(main, list(arguments))
        finally:
            sys.argv = before


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except RefusedError as refusal:
        error = refusal.error
        raise (error if isinstance(error, UsageError) else UsageError(message(error))) from None
    except UsageError:
        raise
    except MISTAKES as error:
        raise UsageError(message(error)) from error
    except SystemExit as end:
        raise KeyboardInterrupt from end


@contextmanager
def own_logging() -> Iterator[None]:
    """Restores the handlers that Hydra replaces."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
