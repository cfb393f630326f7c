"""How many members fit into memory at once."""

import torch

from patterngan import memory
from patterngan.assembly import blueprint
from patterngan.sweeps.jobs import Job
from patterngan.trainers import accelerator

SHARE = 0.5
"""Of the free memory that a population may take."""


def most_members(job: Job, populations: int) -> int:
    """How many members like this fit into memory with this many populations at a time; at least one."""
    free = free_bytes(accelerator(job.config.trainer.accelerator))
    return max(1, int(SHARE * free / populations / member_bytes(job)))


def free_bytes(device: str) -> int:
    """The memory that a new tensor could have."""
    return int(torch.cuda.mem_get_info()[0]) if device == "cuda" else memory.free_bytes()


def member_bytes(job: Job) -> int:
    """The memory that one member takes, generously. Members are evaluated one after another."""
    needed = blueprint(job.config).demand
    return needed.weights + needed.steps
