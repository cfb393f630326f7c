"""Rolls: which jobs train together, kept beside a population's snapshots while it trains.

A sweep that is started again puts its populations together as they were, also where some of their members have ended:
which kernels compute a member, and with that its last bit, depends on the place of its weights in memory.
"""

import json
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from patterngan.storage.checkpoints import write_atomically
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
    for _, names in _rolls(workshop):
        members = [by_folder[name] for name in names if name in by_folder]
        numbers = {one.number for one in members}
        whole = len(numbers) == len(names) > 1
        if whole and not numbers & seen and len(grouped(members)) == 1:
            seen |= numbers
            yield members


def close_rolls(workshop: Path, jobs: Sequence[Job], kept: Collection[Path]) -> None:
    """Forgets every population with one of these jobs, but those with these files of snapshots."""
    folders = {os.path.relpath(one.folder, workshop) for one in jobs}
    for file, names in _rolls(workshop):
        if folders & set(names) and file not in map(_roll, kept):
            file.unlink()


def _rolls(workshop: Path) -> Iterator[tuple[Path, list[str]]]:
    for file in sorted(workshop.glob("*.json")):
        try:
            names = json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            yield file, names


def _roll(snapshots: Path) -> Path:
    return snapshots.with_suffix(".json")
