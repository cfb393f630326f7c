"""What a run's event files hold, and under which names: the same for a run alone and a member of a population."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor
from torch.utils.tensorboard.summary import custom_scalars

from patterngan.evaluation.evaluator import Evaluation
from patterngan.evaluation.metrics import Metrics
from patterngan.evaluation.portraits import Portrait
from patterngan.reporting.events import hyperparameter_summaries
from patterngan.runs.configs import leaves

LAYOUT = {
    "training": {
        "losses of D and G": ["Multiline", ["losses/discriminator", "losses/generator"]],
        "validity, coverage and 1-tv": ["Multiline", ["metrics/validity", "metrics/coverage", "metrics/1-tv"]],
    }
}
"""Of the CUSTOM SCALARS tab: the curves that are read together."""

TABLED = ("validity", "modes", "coverage", "tv", "kl", "marginal_gap", "fidelity", "unseen_coverage")
"""Metrics in the HPARAMS tab, where a run has them. It shows the first ones before more are ticked."""

COMPARED = {"lr", "pattern.k", "seed"}
"""Hyper-parameters that the HPARAMS tab shows before others."""

PORTRAIT = "portrait/"
"""Of the tags of portraits."""

EVENTS = "events.out.tfevents.*"
"""What TensorBoard reads."""

LONGEST_LABEL = 120
"""Bytes; a folder's name may have 255."""


def curve_points(metrics: Metrics) -> dict[str, float]:
    """The metrics that are single numbers, under the names of their curves."""
    return {f"metrics/{name}": float(value) for name, value in metrics.items() if type(value) in (int, float)}


def tabled(metrics: Metrics) -> list[str]:
    """The curves whose last points the HPARAMS tab shows."""
    return [f"metrics/{name}" for name in TABLED if name in metrics]


def closeness(metrics: Metrics) -> dict[str, float]:
    """1-tv, which rises to 1 as validity and coverage do; empty where tv is not known."""
    return {"metrics/1-tv": 1 - metrics["tv"]} if "tv" in metrics else {}


def sample_text(latest: Evaluation) -> str:
    """Sample integers as a line of Markdown."""
    return "`" + " ".join(map(str, latest.integers)) + "`"


def hyperparameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as flat keys for the HPARAMS tab; a `_target_` is shown as its group's choice."""
    flat: dict[str, Any] = {}
    for key, value in leaves(settings):
        if key.endswith("._target_"):
            flat[key.removesuffix("._target_")] = str(value).rpartition(".")[2]
        else:
            flat[key] = str(value) if isinstance(value, list) else value
    return flat


def compared_keys(overrides: Iterable[str]) -> set[str]:
    """The keys and groups that overrides set, and those that are compared most."""
    return COMPARED | {override.lstrip("+~").partition("=")[0].partition("@")[0] for override in overrides}


def head(record: Mapping[str, Any], metrics: Metrics) -> list[Summary]:
    """What is known of a run before it starts: its hyper-parameters, and which of its curves belong together.

    Args:
        record: what the run was made from; see `checkpoints.KEY`.
        metrics: of its first evaluation.
    """
    values, compared = hyperparameters(record["settings"]), compared_keys(record["overrides"])
    return [*hyperparameter_summaries(values, tabled(metrics), compared), custom_scalars(LAYOUT)]


def portrait_tensors(portrait: Portrait) -> dict[str, Tensor]:
    """A portrait's numbers by their tags."""
    return {PORTRAIT + name: tensor for name, tensor in portrait._asdict().items()}


def label(overrides: Iterable[str]) -> str:
    """What was typed for a run, as the name of a folder: TensorBoard calls runs by their folders."""
    text = ",".join(re.sub(r"[^\w=.+\-\[\],]", "", override.replace("/", "_")) for override in overrides)
    return text.encode()[:LONGEST_LABEL].decode(errors="ignore").strip(".,")


def folder_of_events(run: Path, name: str = "") -> Path:
    """Where the event files of a run are, or in a folder of this name are to be."""
    written = sorted([*run.glob(EVENTS), *run.glob(f"*/{EVENTS}")])
    ours = [file.parent for file in written if file.parent == run or _is_within(file.parent)]
    return ours[0] if ours else run / name


def _is_within(folder: Path) -> bool:
    """Whether a folder in a run's is no run itself, and no link to somewhere else, where pictures would be written."""
    return not folder.is_symlink() and not (folder / ".hydra").exists()
