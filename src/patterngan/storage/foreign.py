"""Reading files that a stranger may have written: nothing in them runs, and none is larger than it looks.

A few kilobytes can stand for gigabytes: a compressed archive, a tensor that repeats one number, a list of lists that
are one and the same, a YAML file of aliases. All of these are refused before they are unfolded.
"""

import io
import stat
import zipfile
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

LARGEST_TEXT = 2**24
"""Bytes of a text file."""

DEEPEST, MOST_VALUES = 50, 10**7
"""How far values may be nested, and how many there may be, in a file of tensors."""

REPEATED, LARGEST_REPEATED = 64, 2**28
"""How often larger than its file its tensors may be together, or how many bytes: a network may use a weight in
several places, or repeat one number."""

LARGEST_INTEGER = 2**63


def load(content: bytes) -> Any:
    """The tensors and plain values of a file that `torch.save` wrote, on the CPU.

    Raises:
        Exception: of any kind, for whatever else it is.
    """
    _require_stored(content)
    values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    size = 0
    for value in flat(values, MOST_VALUES):
        if isinstance(value, Tensor):
            size += _bytes(value)
        elif not _is_scalar(value):
            raise ValueError(f"holds a {type(value).__name__}")
    if size > max(REPEATED * len(content), LARGEST_REPEATED):
        raise ValueError("its tensors are larger than it is")
    return values


def _require_stored(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("is compressed")
        if sum(entry.file_size for entry in entries) > len(content):
            raise ValueError("has entries that overlap")
        if any(Path(entry.filename).name == "constants.pkl" for entry in entries):
            raise ValueError("is TorchScript")  # of which torch.load warns in several lines
        if archive.testzip():  # PyTorch takes the bytes of a tensor as they are
            raise ValueError("is damaged")


def flat(values: Any, most: int) -> Iterator[Any]:
    """Every value in nested containers, keys included; not by recursion, which a stranger could make too deep.

    Raises:
        ValueError: if there are more than `most`, containers included.
    """
    waiting, count = [(values, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if depth > DEEPEST or count > most:
            raise ValueError("is nested too deep, or too large")
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for pair in value.items() for one in pair]
        elif isinstance(value, list | tuple):
            waiting += [(one, depth + 1) for one in value]
        else:
            yield value


def _is_scalar(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) <= LARGEST_INTEGER
    return value is None or isinstance(value, float | str)


def _bytes(tensor: Tensor) -> int:
    """The size of a tensor that is no more than its numbers.

    Raises:
        ValueError: for other layouts.
    """
    if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.is_quantized or tensor.is_complex():
        raise ValueError("holds a tensor of an odd kind")
    return tensor.numel() * tensor.element_size()


def text(path: Path) -> str:
    """What is in a text file.

    Raises:
        OSError: if there is none.
        ValueError: if it is not text, too large, or no file: a pipe without end, or a link to a file of the reader's.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_TEXT:
        raise ValueError(f"{path}: is no text file of at most {LARGEST_TEXT} bytes")
    return path.read_text(encoding="utf-8")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML without aliases: a few lines of them stand for gigabytes."""

    def compose_node(self, parent: Any, index: Hashable) -> Any:
        """Composes a node that is no alias."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("has aliases")
        return super().compose_node(parent, index)


def read_yaml(path: Path) -> Any:
    """The plain values in a YAML file.

    Raises:
        OSError: if there is none.
        ValueError: if it is not YAML of plain values.
    """
    try:
        return yaml.load(text(path), Loader=_Loader)
    except (yaml.YAMLError, RecursionError, ArithmeticError, LookupError) as error:
        raise ValueError(f"{path}: is no YAML of plain values") from error
