"""TensorBoard's event files, written in bulk.

PyTorch's writer keeps a file and a thread open for each run and takes a tenth of a millisecond for each number: too
much for hundreds of runs that train together. What is written here is read as if it came from there.
"""

import itertools
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard.summary import hparams, text

HELD = 200
"""Events that a file holds back at most."""

_serial = itertools.count()


class EventFile:
    """One run's event file. It is opened for each `flush` only, so that thousands can be written in turn.

    Args:
        folder: of the run.
        purge_step: points of older files in the folder from this step on are to be hidden.
    """

    def __init__(self, folder: Path, purge_step: int) -> None:
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_serial)}"
        self.path = folder / name
        start = SessionLog(status=SessionLog.START)
        self._events = [
            Event(wall_time=time.time(), step=purge_step, file_version="brain.Event:2"),
            Event(wall_time=time.time(), step=purge_step, session_log=start),
        ]

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """A point of each curve."""
        points = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._add(Summary(value=points), step)

    def text(self, tag: str, content: str, step: int) -> None:
        """Markdown for the TEXT tab."""
        self._add(text(tag, content), step)

    def hyperparameters(self, values: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """The run's line in the HPARAMS tab."""
        for summary in hparams(values, metrics):
            self._add(summary, None)

    def _add(self, summary: Summary, step: int | None) -> None:
        self._events.append(Event(wall_time=time.time(), step=step, summary=summary))
        if len(self._events) >= HELD:
            self.flush()

    def flush(self) -> None:
        """Hands all that was added to the operating system."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            writer = RecordWriter(file)
            for event in self._events:
                writer.write(event.SerializeToString())
        self._events.clear()
