"""TensorBoard's event files, written in bulk.

PyTorch's writer keeps a file and a thread open for each run and takes a tenth of a millisecond for each number: too
much for hundreds of runs that train together, and its thread keeps a full disk to itself. What is written here is
read as if it came from there.
"""

import io
import itertools
import os
import socket
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.record_writer import RecordWriter
from torch import Tensor
from torch.utils.tensorboard.summary import hparams, tensor_proto, text

from patterngan.storage.files import append

HELD = 200
"""Events that a file holds back at most."""

_serial = itertools.count()


class EventFile:
    """One run's event file. It is opened for each `flush` only, so that thousands can be written in turn.

    Args:
        folder: of the run.
        purge_step: points of older files in the folder from this step on are to be hidden; None hides nothing.
    """

    def __init__(self, folder: Path, purge_step: int | None) -> None:
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_serial)}"
        self.path = folder / name
        self._head = [Event(wall_time=time.time(), step=purge_step, file_version="brain.Event:2")]
        self._events: list[Event] = []
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._head.append(Event(wall_time=time.time(), step=purge_step, session_log=start))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """A point of each curve."""
        points = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._add(Summary(value=points), step)

    def text(self, tag: str, content: str, step: int) -> None:
        """Markdown for the TEXT tab."""
        self._add(text(tag, content), step)

    def add(self, summaries: Iterable[Summary]) -> None:
        """What is of no step."""
        for summary in summaries:
            self._add(summary, None)

    def tensors(self, values: Mapping[str, Tensor], step: int) -> None:
        """Numbers that no tab shows."""
        self._add(Summary(value=[value for tag in values for value in tensor_proto(tag, values[tag]).value]), step)

    def image(self, tag: str, png: bytes, step: int) -> None:
        """A picture for the IMAGES tab, an image file. TensorBoard's own way compresses for three times as long."""
        picture = Summary.Image(encoded_image_string=png)
        self._add(Summary(value=[Summary.Value(tag=tag, image=picture)]), step)

    def _add(self, summary: Summary, step: int | None) -> None:
        self._events.append(Event(wall_time=time.time(), step=step, summary=summary))
        if len(self._events) >= HELD:
            self.flush()

    def flush(self) -> None:
        """Hands all that was added to the operating system. A file that was taken away is not made again.

        Raises:
            OSError: naming the file, which then is what it was before.
        """
        if not self._events:
            return
        if self._head:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        append(self.path, _records([*self._head, *self._events]), os.O_CREAT | os.O_EXCL if self._head else 0)
        self._head.clear()
        self._events.clear()


def _records(events: Iterable[Event]) -> bytes:
    file = io.BytesIO()
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString())
    return file.getvalue()


def hyperparameter_summaries(
    values: Mapping[str, Any], metrics: Iterable[str], compared: Collection[str]
) -> list[Summary]:
    """A run's line in the HPARAMS tab.

    Args:
        values: of the hyper-parameters.
        metrics: the curves whose last points are shown beside them, the most important first.
        compared: hyper-parameters to show first. TensorBoard shows five before more are ticked, and begins with
            those of which the first run that it finds says that they differ.
    """
    experiment, *session = hparams(dict(values), dict.fromkeys(metrics, 0.0))
    content = experiment.value[0].metadata.plugin_data
    data = HParamsPluginData.FromString(content.content)
    for info in data.experiment.hparam_infos:
        info.differs = info.name in compared
    content.content = data.SerializeToString()
    return [experiment, *session]
