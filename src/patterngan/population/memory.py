"""How many members fit into memory at once."""

from patterngan.runs.assembly import blueprint
from patterngan.runs.memory import free_bytes
from patterngan.runs.trainer import accelerator
from patterngan.sweeps.jobs import Job

SHARE = 0.5
"""Of the free memory that a population may take."""


def most_members(job: Job, populations: int) -> int:
    """How many members like this fit into memory with this many populations at a time; at least one."""
    free = free_bytes(accelerator(job.config.trainer.accelerator))
    return max(1, int(SHARE * free / populations / member_bytes(job)))


def member_bytes(job: Job) -> int:
    """The memory that one member takes, generously. Members are evaluated one after another."""
    needed = blueprint(job.config).demand
    return needed.weights + needed.steps
