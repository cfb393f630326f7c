"""The jobs of a sweep, and which of them can be trained as one population."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from patterngan.reporting.console import ranges
from patterngan.runs.configs import SURROUNDINGS, leaves, plain, settings
from patterngan.sweeps.composition import job_folder

FUSIBLE = (
    "seed",
    "lr",
    "pattern",
    "optimizer.betas",
    "optimizer.decay",
    "optimizer.generator.lr",
    "optimizer.generator.betas",
    "optimizer.generator.decay",
    "optimizer.discriminator.lr",
    "optimizer.discriminator.betas",
    "optimizer.discriminator.decay",
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
"""Those of them that leave something out altogether where they are 0."""

FUSED_CALLBACKS = {
    "patterngan.training.callbacks.Progress",
    "patterngan.training.callbacks.Curves",
    "patterngan.training.callbacks.Pictures",
    "patterngan.training.checkpointing.AtEvaluations",
}
"""The callbacks that have a counterpart for populations, or for whole sweeps."""


@dataclass(frozen=True)
class Job:
    """One run of a sweep, as plain values that can be sent to another machine."""

    number: int
    folder: Path
    overrides: list[str]
    """What was typed for it."""
    settings: dict[str, Any]
    """See `configs.SETTINGS`."""
    surroundings: dict[str, Any]
    """See `configs.SURROUNDINGS`."""

    @property
    def config(self) -> DictConfig:
        """Its config, with every interpolation resolved."""
        return DictConfig(self.settings | self.surroundings)


def job(config: DictConfig, number: int) -> Job:
    """The job that a composed config describes."""
    surroundings = {key: plain(config, key) for key in SURROUNDINGS if key in config}
    overrides = list(config.hydra.overrides.task)
    return Job(number, job_folder(config), overrides, settings(config), surroundings)


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
    for job in jobs:
        if reason := unfusible(job):
            alone.append(Group([job], reason))
        else:
            together.setdefault(_key(job), []).append(job)
    groups = [Group(sorted(members, key=_betas)) for members in together.values() if len(members) > 1]
    singles = [members[0] for members in together.values() if len(members) == 1]
    values = Counter((key, str(value)) for job in jobs for key, value in _shared(job).items()) if singles else Counter()
    return [*groups, *(Group([single], _loneliness(single, values, len(jobs))) for single in singles), *alone]


def unfusible(job: Job) -> str | None:
    """What of a job's surroundings no population can have, if anything."""
    if job.surroundings.get("ckpt_path") is not None:
        return "starts from a ckpt_path"
    for name, node in (job.surroundings.get("callbacks") or {}).items():
        if node.get("_target_") not in FUSED_CALLBACKS:
            return f"callbacks.{name} is for single runs"
    logger = job.surroundings.get("logger")
    if logger and logger.get("_target_") != "patterngan.training.loggers.TensorBoard":
        return "its logger is for single runs"
    return None


def _is_fusible(key: str) -> bool:
    return any(key == fusible or key.startswith(f"{fusible}.") for fusible in FUSIBLE)


def _shared(job: Job) -> dict[str, Any]:
    surroundings = {key: value for key, value in job.surroundings.items() if key != "optimized_metric"}
    return dict(_unfusible_leaves(job.settings)) | dict(leaves(surroundings))


def _unfusible_leaves(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in leaves(settings):
        if not _is_fusible(key) or (key in SWITCHES and _is_off(value)):
            yield key, value


def _is_off(value: Any) -> bool:
    return value == 0 or (isinstance(value, list) and value[:2] == [0, 0])


def _key(job: Job) -> str:
    return json.dumps(_shared(job), sort_keys=True, default=str)


def _betas(job: Job) -> str:
    optimizer = job.settings["optimizer"]
    return json.dumps([optimizer[player].get("betas") for player in ("generator", "discriminator")], default=str)


def _loneliness(single: Job, values: Counter[tuple[str, str]], jobs: int) -> str:
    """Of a single job: the values that no other has."""
    if jobs == 1:
        return "the only run"
    keys = [f"{key}={value}" for key, value in _shared(single).items() if values[key, str(value)] == 1]
    return f"no other has {', '.join(keys[:3])}" if keys else "no other has its values"


def pieces(group: Sequence[Job], max_members: int) -> list[list[Job]]:
    """A group cut into the fewest pieces of at most `max_members`, of sizes as equal as can be."""
    count = -(-len(group) // max_members)
    edges = [len(group) * index // count for index in range(count + 1)]
    return [list(group[start:stop]) for start, stop in pairwise(edges)]


def numbers(jobs: Iterable[Job]) -> str:
    """The jobs' numbers, as short as can be."""
    return ranges(map(str, sorted(job.number for job in jobs)))
