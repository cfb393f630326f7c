"""Commands that the user can copy from a terminal, a log or a page."""

import shlex
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from patterngan.paths import CONF, IS_WHEEL, program
from patterngan.reporting.overrides import is_harmless, is_repeated, path_literal


def display_path(path: Path) -> str:
    """A path relative to the working directory where possible, never starting with the dash of a flag."""
    text = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    return f"./{text}" if text.startswith("-") else text


def train_command(*arguments: str) -> str:
    """The command that trains with these overrides or flags."""
    return shlex.join([*_started("train"), *arguments])


def rerun_command(overrides: Sequence[str], trust: Collection[str] = ()) -> str | None:
    """The command that trains a run with these overrides again; None for overrides that no file is trusted with."""
    if not all(is_harmless(override, trust) for override in overrides):
        return None
    return train_command(*config_flags(), *overrides)


def alone_command(overrides: Sequence[str], trust: Collection[str] = ()) -> str | None:
    """The command that trains one run of a sweep again, by itself.

    None also for a run that goes on from a checkpoint: by itself it would go on in the folder of that.
    """
    resumes = any(override.startswith("ckpt_path=") for override in overrides)
    return None if resumes else rerun_command(overrides, trust)


def _started(name: str) -> list[str]:
    """The words that start a file of the checkout; in an installed wheel, those of the command `patterngan`."""
    return ["patterngan", name] if IS_WHEEL else ["python", display_path(program(name))]


def resume_command(path: Path, *typed: str) -> str:
    """The command that resumes from a checkpoint or a run folder. `typed`: see `resume_arguments`."""
    return train_command(*typed, f"ckpt_path={path_literal(display_path(path))}")


def resume_arguments(overrides: Iterable[str]) -> list[str]:
    """What must be typed again to resume the run of this process, which was started with these overrides.

    These are the flags that say where configs are, and overrides that no checkpoint is trusted with.
    """
    hydra = HydraConfig.get().overrides.hydra if HydraConfig.initialized() else []
    placed = without_placement([override for override in hydra if not override.startswith("hydra.run.dir=")])
    typed = [one for one in overrides if not one.startswith("ckpt_path=") and not is_repeated(one)]
    return [*config_flags(), *placed, *typed]


def config_flags() -> list[str]:
    """The flags with which this process was told where its configs are."""
    if not HydraConfig.initialized():
        return []
    sources = {source.provider: source.path for source in HydraConfig.get().runtime.config_sources}
    name, flags = str(HydraConfig.get().job.config_name), []
    if "command-line" in sources:
        flags += ["--config-dir", display_path(Path(sources["command-line"]))]
    if sources.get("main", str(CONF)) != str(CONF):
        flags += ["--config-path", sources["main"]]
    return flags if name == "config" else [*flags, "--config-name", name]


def sweep_command(overrides: Iterable[str], folder: Path) -> str:
    """The command that continues a sweep: its own overrides, in the same folder."""
    place = f"hydra.sweep.dir={path_literal(display_path(folder))}"
    return train_command("-m", *config_flags(), *without_placement(overrides), place)


def sweep_again_command(overrides: Sequence[str], folder: Path, trust: Collection[str] = ()) -> str | None:
    """The command that continues a sweep that a file tells of; None where no file is trusted with its overrides."""
    typed = without_placement(overrides)
    is_trusted = bool(typed) and all(is_harmless(override, trust) for override in typed)
    return sweep_command(typed, folder) if is_trusted else None


def without_placement(overrides: Iterable[str]) -> list[str]:
    """The overrides but those that say only that the command is a sweep, or where its folder is."""
    return [override for override in overrides if not override.startswith(("hydra.sweep.dir=", "hydra.mode="))]


def sweep_resume_hint(config: DictConfig) -> str:
    """The phrase that tells how to continue the sweep of a config."""
    typed: Any = OmegaConf.to_container(config.hydra.overrides, resolve=False)  # jobs resolve their interpolations
    command = sweep_command([*typed["task"], *typed["hydra"]], Path(str(config.hydra.sweep.dir)).absolute())
    return f"go on with: {command}"


def script_command(script: str, folder: Path, *arguments: str) -> str:
    """The command that runs a script of scripts/ on the folder of a run or a sweep."""
    return shlex.join([*_started(script), display_path(folder), *arguments])


def trust_flags(names: Iterable[str]) -> list[str]:
    """The flags that let a loaded run name code of these packages."""
    return [word for name in names for word in ("--trust", name)]


def generate_command(run: Path, trust: Iterable[str] = ()) -> str:
    """The command that prints integers from a run's generator. `trust`: packages that it names code of."""
    return script_command("generate", run, "-n", "10", *trust_flags(trust))


def curves_command(folder: Path) -> str:
    """The command that opens a folder's curves and pictures in TensorBoard."""
    return shlex.join(["tensorboard", "--logdir", display_path(folder)])


def sweep_curves_command(sweep: Path, medians: Path | None) -> str:
    """The command that opens the medians of a sweep's settings in TensorBoard, else its runs."""
    if medians is None:
        return curves_command(sweep)
    return f"{curves_command(medians)}  # every run: {shlex.join(['--logdir', display_path(sweep)])}"
