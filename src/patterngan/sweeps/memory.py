"""How many members fit into memory at once."""

import math

import psutil
import torch

from patterngan.assembly import blueprint
from patterngan.streams import CHUNK
from patterngan.sweeps.jobs import Job
from patterngan.trainers import accelerator

SHARE = 0.5
"""Of the free memory that a population may take."""

COPIES = 12
"""Of its weights that a member keeps: gradients, running means, steps, and the last and the best snapshot of these."""


def most_members(job: Job, populations: int) -> int:
    """How many members like this fit into memory with this many populations at a time; at least one."""
    free = free_bytes(accelerator(job.config.trainer.accelerator))
    return max(1, int(SHARE * free / populations / member_bytes(job)))


def free_bytes(device: str) -> int:
    """The memory that a new tensor could have."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def member_bytes(job: Job) -> int:
    """The memory that one member takes, generously."""
    described = blueprint(job.config)
    gan = described.gan(0)
    weights = [parameter.numel() for parameter in gan.parameters()]
    units = sum(parameter.shape[0] for parameter in gan.parameters())
    streams = [math.prod(need.shape) for need in described.needs.values()]
    batches = gan.update.draws + gan.update.discriminator_steps
    reals = CHUNK * described.batch_size * batches * (described.encoding.width + 2) * 3  # integers, codes in the making
    activations = 4 * batches * described.batch_size * units
    return 4 * (COPIES * sum(weights) + CHUNK * sum(streams) + reals + activations)
