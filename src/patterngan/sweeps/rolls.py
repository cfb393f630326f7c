"""Rolls: which jobs train together, kept beside a population's snapshots while it trains.

A sweep that is started again puts its populations together as they were, also where some of their members have ended:
which kernels compute a member, and with that its last bit, depends on the place of its weights in memory.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from patterngan.checkpoints import write_atomically
from patterngan.sweeps.jobs import Job, grouped


def open_roll(snapshots: Path, members: Sequence[Job]) -> None:
    """Lists the members of the population with this file of snapshots."""
    names = [os.path.relpath(one.folder, snapshots.parent) for one in members]
    write_atomically(_roll(snapshots), json.dumps(names).encode())


def close_roll(snapshots: Path) -> None:
    """Forgets the population: all its members have ended."""
    _roll(snapshots).unlink(missing_ok=True)


def begun(workshop: Path, jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """The populations of an earlier start, if they are of these jobs. What is no roll of ours is passed over."""
    by_folder = {os.path.relpath(one.folder, workshop): one for one in jobs}
    seen: set[int] = set()
    for file in sorted(workshop.glob("*.json")):
        try:
            members = [by_folder[name] for name in json.loads(file.read_bytes())]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
        numbers = {one.number for one in members}
        if len(numbers) == len(members) > 1 and not numbers & seen and len(grouped(members)) == 1:
            seen |= numbers
            yield members


def _roll(snapshots: Path) -> Path:
    return snapshots.with_suffix(".json")
