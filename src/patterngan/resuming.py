"""Going on with a run: `python train.py ckpt_path=…` types its own command line again."""

import re
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser

from patterngan.validation import UsageError


def resumed(arguments: list[str]) -> list[str]:
    """The command line with which a run goes on, where `ckpt_path=` asks for that; else as it is.

    What was typed to start the run comes first, what is typed now wins, and the run's own folder is used
    again. Overrides out of a checkpoint may choose values and options but name no code.
    """
    typed = [argument for argument in arguments if "=" in argument and not argument.startswith("-")]
    path = next((value for key, value in map(_parsed, typed) if key == "ckpt_path"), None)
    if not isinstance(path, str) or not path or not Path(path).exists():
        return arguments  # a missing file is reported with the other values
    from patterngan import checkpoints

    try:
        checkpoint = checkpoints.read(Path(path))
    except UsageError as error:
        raise UsageError(f"ckpt_path={error}") from error
    now = {key for key, _ in map(_parsed, typed)}
    before = [old for old in checkpoint.overrides if _parsed(old)[0] not in now and _is_harmless(old)]
    folder = checkpoints.run_folder(checkpoint.path)
    if folder is not None and not {"-m", "--multirun"} & set(arguments):
        before.append("hydra.run.dir=" + quoted(str(folder)))
    return [*before, *arguments]


def quoted(value: str) -> str:
    """A value as Hydra's override grammar reads it literally."""
    # A backslash stands for itself, except before a quote.
    return "'" + re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + "\\'" * bool(found[2]), value) + "'"


def _parsed(override: str) -> tuple[str, object]:
    parsed = OverridesParser.create().parse_override(override)
    return parsed.key_or_group, parsed.value()


def _is_harmless(override: str) -> bool:
    key = override.lstrip("+~")
    return not key.startswith(("hydra", "ckpt_path")) and "_target_" not in override
