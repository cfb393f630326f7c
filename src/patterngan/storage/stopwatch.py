"""How long a run has trained, over all of its sessions."""

import time
from collections.abc import Sequence
from typing import NamedTuple


class Seconds(NamedTuple):
    """The time that a run's steps took."""

    wall: float = 0.0
    """Wall time of the processes that trained it; of a member of a population, while all its members trained."""
    share: float = 0.0
    """Its share of that: divided by how many runs trained together."""


class Stopwatch:
    """Measures one session, from now on, and adds the earlier ones of each member.

    Args:
        earlier: the seconds of each member's earlier sessions.
        together: how many members train in this session.
    """

    def __init__(self, earlier: Sequence[Seconds] = (Seconds(),), together: int = 1) -> None:
        self.earlier, self.together = earlier, together
        self.started = time.monotonic()

    def seconds(self, member: int = 0) -> Seconds:
        """What a member has taken so far."""
        wall, (before, share) = time.monotonic() - self.started, self.earlier[member]
        return Seconds(round(before + wall, 3), round(share + wall / self.together, 3))
