"""The jobs of a sweep, and which of them can be trained as one population."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pkgutil import resolve_name
from typing import Any

from omegaconf import DictConfig

from patterngan.population.callbacks import FUSIBLE_CALLBACKS
from patterngan.population.training import why_not_fused
from patterngan.reporting.console import ranges
from patterngan.runs.assembly import run_spec
from patterngan.runs.job import Job
from patterngan.runs.memory import free_bytes
from patterngan.runs.trainer_arguments import accelerator
from patterngan.storage.settings import RUNTIME_KEYS, leaves, plain, settings
from patterngan.sweeps.hydra_jobs import job_folder

OPTIMIZERS = ("optimizer", "optimizer.generator", "optimizer.discriminator")
OPTIMIZER_KEYS = ("lr", "betas", "decay", "decay_to", "warmup", "weight_decay", "clip_norm")

FUSIBLE = (
    "seed",
    "lr",
    "pattern",
    *(f"{group}.{key}" for group in OPTIMIZERS for key in OPTIMIZER_KEYS),
    "head.temperature",
    "objective.smoothing",
    "penalty.r1.gamma",
    "penalty.r2.gamma",
    "penalty.wgan_gp.weight",
    "update.ema",
    "update.instance_noise",
)
"""The keys, and groups of keys, in which members of one population may differ: none changes the shape of a tensor."""

SWITCHES = ("objective.smoothing", "update.ema", "update.instance_noise")
"""Those of them that leave out a part of the step where they are 0; so they are 0 for all members or for none."""

FUSIBLE_ARGUMENTS = (
    "accelerator",
    "devices",
    "deterministic",
    "benchmark",
    "precision",
    "log_every_n_steps",
    "profiler",
    "enable_progress_bar",
)
"""The arguments of Lightning's Trainer that mean the same for a population as for a run alone."""

SHARE = 0.5
"""The part of the free memory that populations may take."""


def describe_job(config: DictConfig, number: int) -> Job:
    """The job that a composed config describes."""
    runtime = {key: plain(config, key) for key in RUNTIME_KEYS if key in config}
    return Job(number, job_folder(config), list(config.hydra.overrides.task), settings(config), runtime)


@dataclass(frozen=True)
class Group:
    """Jobs that are trained as one population, or a single one that is not."""

    jobs: list[Job]
    reason: str | None = None
    """Why a single job is not fused."""


def grouped(jobs: Sequence[Job]) -> list[Group]:
    """The jobs in groups that differ in `FUSIBLE` keys only, each in the order of its optimizers' betas."""
    together: dict[str, list[Job]] = {}
    alone: list[Group] = []
    values: Counter[tuple[str, str]] = Counter()
    for job in jobs:
        shared = _shared(job)
        values.update((key, str(value)) for key, value in shared.items())
        if reason := unfusible(job):
            alone.append(Group([job], reason))
        else:
            together.setdefault(json.dumps(shared, sort_keys=True, default=str), []).append(job)
    groups = []
    for members in together.values():
        first, single = members[0], len(members) == 1
        reason = _why_lonely(first, values, len(jobs)) if single else why_not_fused(run_spec(first.config))
        if reason is None:
            groups.append(Group(sorted(members, key=_betas)))
        else:
            alone += [Group([job], reason) for job in members]
    return [*groups, *alone]


def unfusible(job: Job) -> str | None:
    """What keeps a job from being a member of any population: a checkpoint, or what no member has; else None."""
    if job.runtime.get("ckpt_path") is not None:
        return "starts from a ckpt_path"
    for name in job.runtime.get("trainer") or ():
        if name not in ("_target_", *FUSIBLE_ARGUMENTS):
            return f"trainer.{name} is for single runs"
    for name, node in (job.runtime.get("callbacks") or {}).items():
        if not _is_target(node, FUSIBLE_CALLBACKS):
            return f"callbacks.{name} is for single runs"
    return None


def _is_target(node: Any, classes: tuple[type, ...]) -> bool:
    """Whether a config's `_target_` is one of these classes."""
    return isinstance(node, Mapping) and _object(str(node.get("_target_"))) in classes


_object = lru_cache(resolve_name)


def _shared(job: Job) -> dict[str, Any]:
    """What the members of a population have in common, by dotted keys."""
    common = {key: value for key, value in leaves(job.settings) if not _may_differ(key, value)}
    return common | dict(leaves({key: value for key, value in job.runtime.items() if key != "optimized_metric"}))


def _may_differ(key: str, value: Any) -> bool:
    is_off = value == 0 or (isinstance(value, list) and value[:2] == [0, 0])
    if key in SWITCHES and is_off:
        return False
    return any(key == fusible or key.startswith(f"{fusible}.") for fusible in FUSIBLE)


def _betas(job: Job) -> str:
    optimizer = job.settings["optimizer"]
    return json.dumps([optimizer[player].get("betas") for player in ("generator", "discriminator")], default=str)


def _why_lonely(single: Job, values: Counter[tuple[str, str]], jobs: int) -> str:
    """Names the values of a single job that no other has."""
    if jobs == 1:
        return "the only run"
    keys = [f"{key}={value}" for key, value in _shared(single).items() if values[key, str(value)] == 1]
    return f"no other has {', '.join(keys[:3])}" if keys else "no other has its values"


def pieces(group: Sequence[Job], max_members: int) -> list[list[Job]]:
    """A group cut into the fewest pieces of at most `max_members`, of sizes as equal as can be."""
    count = -(-len(group) // max_members)
    edges = [len(group) * index // count for index in range(count + 1)]
    return [list(group[start:stop]) for start, stop in pairwise(edges)]


def most_members(job: Job, populations: int) -> int:
    """How many members like this fit into memory with this many populations at a time; at least one."""
    demand = run_spec(job.config).demand
    member = demand.weights + demand.steps  # members are evaluated one after another
    return max(1, int(SHARE * free_bytes(accelerator(job.config.trainer.accelerator)) / populations / member))


def numbers(jobs: Iterable[Job]) -> str:
    """The jobs' numbers, as short as can be."""
    return ranges(map(str, sorted(job.number for job in jobs)))
