"""What a search of Optuna found. Read from the folder of its sweep, so that it is known without Optuna, which only
computes the importances.
"""

import math
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from patterngan.reporting.commands import sweep_again_command
from patterngan.reporting.overrides import Note
from patterngan.reporting.sweep import Row, readable

FEWEST = 4
"""Completed trials from which on importances are computed."""


@dataclass(frozen=True)
class Parameter:
    """What a search chooses the value of."""

    key: str
    choices: tuple[str, ...]
    """Empty for numbers."""
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False

    def place(self, value: str) -> float:
        """Where a value lies between the lowest, 0, and the highest, 1."""
        if self.choices:
            return self.choices.index(value) / max(1, len(self.choices) - 1)
        low, high, number = (math.log(one) if self.is_log else one for one in (self.low, self.high, float(value)))
        return (number - low) / (high - low) if high > low else 0.5

    def holds(self, value: str) -> bool:
        """Whether it is a value that could be chosen."""
        try:
            return 0 <= self.place(value) <= 1
        except ValueError:  # no choice, no number, or a logarithm of none
            return False


@dataclass(frozen=True)
class Search:
    """A search: what it chose from, its trials and its best one."""

    metric: str
    minimizes: bool
    parameters: list[Parameter]
    trials: list[Row]
    """By number."""
    typed: list[str]
    """What its command said."""
    sweeper: Mapping[str, Any]
    """`hydra.sweeper` of its config."""

    def value(self, row: Row) -> float | None:
        """What a trial was told to have reached; None unless it completed."""
        value = row.metrics.get(self.metric)
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None

    @property
    def completed(self) -> list[tuple[Row, float]]:
        """The trials with their values."""
        return [(row, value) for row in self.trials if (value := self.value(row)) is not None]

    @property
    def best(self) -> tuple[Row, float] | None:
        """The best trial with its value; the first of equal ones."""
        sign = 1 if self.minimizes else -1
        return min(self.completed, key=lambda trial: sign * trial[1], default=None)

    def chosen(self, row: Row) -> str:
        """What a trial chose, in short."""
        return " ".join(f"{one.key}={readable(row.overrides[one.key])}" for one in self.parameters)


def search_of(note: Note | None, runs: Sequence[Row]) -> Search | None:
    """The search that a sweep is; None if another sweeper chose the values, or several metrics were optimized."""
    if note is None:
        return None
    with suppress(LookupError, TypeError, ValueError, AttributeError, HydraException):
        sweeper, metric = note.config["hydra"]["sweeper"], str(note.config["optimized_metric"])
        if "optuna" not in sweeper["_target_"] or sweeper["direction"] not in ("minimize", "maximize"):
            return None
        parameters = _parameters(note.choices)
        trials = [row for row in runs if all(one.holds(row.overrides.get(one.key, "")) for one in parameters)]
        return Search(metric, sweeper["direction"] == "minimize", parameters, trials, note.typed, sweeper)
    return None


def _parameters(overrides: list[str]) -> list[Parameter]:
    """What is chosen; of a key that is given twice the later counts, as in the sweeper."""
    parsed = {one.get_key_element(): one for one in OverridesParser.create().parse_overrides(overrides)}
    return [_parameter(key, one) for key, one in parsed.items() if one.is_sweep_override()]


def _parameter(key: str, override: Override) -> Parameter:
    value: Any = override.value()
    if isinstance(value, IntervalSweep):
        return Parameter(key, (), float(value.start or 0), float(value.end or 0), "log" in value.tags)
    if isinstance(value, RangeSweep) and not value.shuffle:  # of which Optuna also takes the stop
        return Parameter(key, (), float(value.start or 0), float(value.stop or 0))
    return Parameter(key, tuple(override.sweep_string_iterator()))


def importances(search: Search) -> dict[str, float]:
    """Key → its share in how well trials did, the largest first; empty for few trials, and without Optuna or
    scikit-learn.

    It is the mean decrease in impurity of a random forest. Optuna 2.10, which Hydra's sweeper needs, can neither
    compute its other importances with today's scikit-learn nor draw with today's matplotlib.
    """
    installed = all(find_spec(name) for name in ("optuna", "sklearn"))
    if not installed or len({value for _, value in search.completed}) < FEWEST:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what later versions of SQLAlchemy will not have
        import optuna

    # Of places, not of values: logarithms are taken here, and what order says is all that a tree looks at.
    spaces = {
        one.key: optuna.distributions.CategoricalDistribution(one.choices)
        if one.choices
        else optuna.distributions.UniformDistribution(0, 1)
        for one in search.parameters
    }
    with _quiet(optuna):
        study = optuna.create_study()
        for row, reached in search.completed:
            chosen = [(one, row.overrides[one.key]) for one in search.parameters]
            places = {one.key: value if one.choices else one.place(value) for one, value in chosen}
            study.add_trial(optuna.trial.create_trial(params=places, distributions=spaces, value=reached))
        forest = optuna.importance.MeanDecreaseImpurityImportanceEvaluator(seed=0)
        return dict(optuna.importance.get_param_importances(study, evaluator=forest))


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Keeps Optuna from announcing a study, and from warning of what it calls experimental."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def go_on_command(search: Search, sweep: Path, trust: Collection[str] = ()) -> str | None:
    """The command that runs the trials which a stopped search has left, or as many trials again.

    None where the sampler would not choose the same values again. One with a seed does as long as trials tell it the
    same, and those that have ended are not trained again. A study in a storage of its own would have more trials than
    the folder. Also None for overrides that no file is trusted with, but for code in the packages of `trust`.
    """
    sampler, trials = search.sweeper.get("sampler"), search.sweeper.get("n_trials")
    seed = sampler.get("seed") if isinstance(sampler, Mapping) else None
    if seed is None or search.sweeper.get("storage") is not None or not isinstance(trials, int):
        return None
    typed = [one for one in search.typed if not one.startswith("hydra.sweeper.n_trials=")]
    ended = sum(row.status != "unfinished" for row in search.trials)
    wanted = trials if ended < trials else 2 * trials
    return sweep_again_command([*typed, f"hydra.sweeper.n_trials={wanted}"], sweep, trust)
