"""A run's event files for TensorBoard: how they are written, and what they hold.

PyTorch's writer keeps a file and a thread open for each run and takes 0.1 ms for each number, which is too much for
hundreds of runs that train together, and the errors of a full disk stay in its thread. TensorBoard reads both alike.
"""

import io
import itertools
import os
import re
import socket
import time
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.record_writer import RecordWriter
from torch import Tensor
from torch.utils.tensorboard.summary import custom_scalars, hparams, tensor_proto, text

from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.metrics import Metrics
from patterngan.evaluation.portraits import MOST_PORTRAITS, due
from patterngan.evaluation.registry import CHARTED, present
from patterngan.storage.files import append
from patterngan.storage.settings import leaves, option_with

LAYOUT = {
    "training": {
        "losses of D and G": ["Multiline", ["losses/discriminator", "losses/generator"]],
        "validity, coverage and 1-tv": ["Multiline", [f"metrics/{metric.rising}" for metric in CHARTED]],
    }
}
"""Charts of the CUSTOM SCALARS tab: curves that are read together."""

COMPARED = ("lr", "pattern.k", "seed")
"""Hyper-parameters that the HPARAMS tab shows in every run, after those that were typed."""

PORTRAIT = "portrait/"
"""Prefix of the tags of a portrait's tensors."""

EVENTS = "events.out.tfevents.*"
"""Pattern of the event files that TensorBoard reads."""

HELD = 200
"""Events that a file buffers before it flushes itself."""

_serial = itertools.count()


class EventFile:
    """The event file of one run. It is open during `flush` only, so that one process can write thousands of them.

    The points of the folder's older files are hidden from `purge_step` on; None hides nothing.
    """

    def __init__(self, folder: Path, purge_step: int | None) -> None:
        # TensorBoard reads a folder's files in the order of their names.
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_serial):08}"
        self.path = folder / name
        self._head = [Event(wall_time=time.time(), step=purge_step, file_version="brain.Event:2")]
        self._events: list[Event] = []
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._head.append(Event(wall_time=time.time(), step=purge_step, session_log=start))

    def add(self, summary: Summary, step: int | None = None) -> None:
        """Adds a summary, at a step or without one."""
        self._events.append(Event(wall_time=time.time(), step=step, summary=summary))
        if len(self._events) >= HELD:
            self.flush()

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Adds one point to each curve; `values` are by tag."""
        points = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self.add(Summary(value=points), step)

    def tensors(self, values: Mapping[str, Tensor], step: int) -> None:
        """Adds tensors, by tag; no tab shows them, `history` reads them."""
        self.add(Summary(value=[value for tag in values for value in tensor_proto(tag, values[tag]).value]), step)

    def images(self, pngs: Mapping[str, bytes], step: int) -> None:
        """Adds encoded PNGs to the IMAGES tab, by tag: TensorBoard's own encoder takes three times as long."""
        pictures = {tag: Summary.Image(encoded_image_string=png) for tag, png in pngs.items()}
        self.add(Summary(value=[Summary.Value(tag=tag, image=picture) for tag, picture in pictures.items()]), step)

    def flush(self) -> None:
        """Writes the buffered events, all or none. A file that was deleted meanwhile is not created again."""
        if not self._events:
            return
        records = io.BytesIO()
        writer = RecordWriter(records)
        for event in [*self._head, *self._events]:
            writer.write(event.SerializeToString())
        if self._head:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        append(self.path, records.getvalue(), new=bool(self._head))
        self._head.clear()
        self._events.clear()


def write_evaluation(
    file: EventFile,
    step: int,
    evaluation: Evaluation,
    record: Mapping[str, Any],
    first: bool = False,
    swept: Sequence[str] = (),
) -> None:
    """Adds an evaluation to an event file: curves, sample integers, and the portrait where one is due.

    The first one of a folder also adds the hyper-parameters and the layout of the charts. `record`: the run's settings
    and overrides, as in `checkpoints.KEY`. `swept`: the keys in which the runs of its sweep differ.
    """
    settings, metrics, portrait = record["settings"], evaluation.metrics, evaluation.portrait
    file.scalars(curve_points(metrics), step)
    file.add(text("samples", f"`{' '.join(map(str, evaluation.integers))}`"), step)
    if first:
        values = hyperparameters(settings, record["overrides"])
        for summary in hyperparameter_summaries(values, tabled(metrics), compared_keys(record["overrides"], swept)):
            file.add(summary)
        file.add(custom_scalars(LAYOUT))
    if portrait is not None and due(step, settings["evaluate_every"], settings["steps"], MOST_PORTRAITS):
        file.tensors({PORTRAIT + name: tensor for name, tensor in portrait._asdict().items()}, step)


def curve_points(metrics: Metrics) -> dict[str, float]:
    """The metrics that are single numbers, by tag; also 1-tv, which rises to 1 as validity and coverage do."""
    points = {f"metrics/{name}": float(value) for name, value in metrics.items() if type(value) in (int, float)}
    falling = [metric for metric in CHARTED if metric.better == "lower" and metric.name in metrics]
    return points | {f"metrics/{metric.rising}": 1 - metrics[metric.name] for metric in falling}


def tabled(metrics: Collection[str]) -> list[str]:
    """The tags of the metrics of the HPARAMS tab, the most important first: it shows only a few unasked."""
    return [f"metrics/{name}" for name in present(metrics, "main", "shown")]


def hyperparameter_summaries(
    values: Mapping[str, Any], curves: Iterable[str], compared: Sequence[str], without: Container[str] = ()
) -> list[Summary]:
    """The summaries of a run's row in the HPARAMS tab: hyper-parameters, and the last points of curves, given by tag.

    The `compared` hyper-parameters come first and are marked as different between runs: TensorBoard shows five columns
    unasked, the marked ones first, then the metrics, and it reads columns and marks of one run only. Of the
    hyper-parameters `without` a value the run has the column alone.
    """
    order = {name: place for place, name in enumerate(compared)}
    values = dict(sorted(values.items(), key=lambda item: order.get(item[0], len(order))))
    points = dict.fromkeys(curves, 0.0)
    experiment, *_ = hparams(values, points)
    _, *session = hparams({name: value for name, value in values.items() if name not in without}, points)
    content = experiment.value[0].metadata.plugin_data
    data = HParamsPluginData.FromString(content.content)
    for info in data.experiment.hparam_infos:
        info.differs = info.name in order
    content.content = data.SerializeToString()
    return [experiment, *session]


def hyperparameters(settings: Mapping[str, Any], overrides: Iterable[str] = ()) -> dict[str, Any]:
    """The experiment, and settings by dotted key, as the HPARAMS tab takes them; a group's value is its option."""
    experiments = [override.partition("=")[2] for override in overrides if override.startswith("experiment=")]
    flat: dict[str, Any] = {"experiment": experiments[-1] if experiments else "none"}
    for key, value in leaves(settings):
        if key.endswith("._target_"):
            flat[key.removesuffix("._target_")] = option_with(key, str(value))
        else:
            flat[key] = str(value) if isinstance(value, list) else value
    return flat


def compared_keys(overrides: Iterable[str], swept: Iterable[str] = ()) -> list[str]:
    """The experiment, the swept keys, the keys and groups that overrides set and `COMPARED`, each once in this order.

    Of a sweep without what all its runs have in common.
    """
    typed = [override.lstrip("+~").partition("=")[0].partition("@")[0] for override in overrides]
    return list(dict.fromkeys(["experiment", *(swept or typed), *COMPARED]))


def label(overrides: Iterable[str]) -> str:
    """A folder name made of a run's overrides: TensorBoard names runs by their folders."""
    name = ",".join(re.sub(r"[^\w=.+\-\[\],]", "", override.replace("/", "_")) for override in overrides)
    return name.encode()[:120].decode(errors="ignore").strip(".,")  # file systems allow 255 bytes in a name


def folder_of_events(run: Path, name: str = "") -> Path:
    """The folder of a run's event files: the run's own or one in it; where there are none, `run / name`."""
    folders = sorted({file.parent for file in [*run.glob(EVENTS), *run.glob(f"*/{EVENTS}")]})
    own = [folder for folder in folders if folder == run or not (folder / ".hydra").exists()]  # else another run's
    return own[0] if own else run / name


def recorded(folder: Path) -> Iterator[Event]:
    """The events in a folder, in TensorBoard's order; of a file that is cut off, those that are whole.

    TensorBoard's own reader takes three times as long, to compute the checksum of every byte in Python.

    Raises:
        DecodeError: if what is between two records' frames is no event.
    """
    for file in sorted(folder.glob(EVENTS)):
        for record in _records(file.read_bytes()):
            yield Event.FromString(record)


def _records(content: bytes) -> Iterator[bytes]:
    """The records of a file: each has its length in 8 bytes, their checksum in 4, its bytes, and their checksum."""
    place = 0
    while place + 16 <= len(content):
        length = int.from_bytes(content[place : place + 8], "little")
        if place + 16 + length > len(content):
            return
        yield content[place + 12 : place + 12 + length]
        place += 16 + length
