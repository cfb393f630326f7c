"""Export: a generator as one file that turns noise into integers where patterngan is not installed."""

import io
import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from patterngan.gan.noise import Bits, Joined, Length, Noise, Uniform
from patterngan.gan.sampler import Sampler
from patterngan.storage.files import write_atomically
from patterngan.validation import UsageError

EXAMPLE_BATCH = 3


class StandaloneSampler(nn.Module):
    """What is written as TorchScript: `forward(noise)` → integers, and `generate(n)` which draws the noise itself."""

    def __init__(self, integers: nn.Module, laws: list[tuple[str, int]]) -> None:
        super().__init__()
        self.integers, self.laws = integers, laws

    def forward(self, noise: Tensor) -> Tensor:
        """Float [n, dim] → int64 [n]."""
        return self.integers(noise)  # type: ignore[no-any-return]

    @torch.jit.export
    def generate(self, n: int) -> Tensor:
        """`n` integers, int64 [n], with torch's global random generator."""
        parts: list[Tensor] = []
        for law, dim in self.laws:
            if law == "bits":
                parts.append(torch.randint(0, 2, (n, dim)).float())
            elif law == "uniform":
                parts.append(torch.rand(n, dim))
            elif law == "length":
                parts.append(torch.full((n, 1), float(dim)))
            else:
                parts.append(torch.randn(n, dim))
        return self.forward(torch.cat(parts, 1))


def laws(noise: Noise) -> list[tuple[str, int]]:
    """The laws of the noise and how many numbers each is of, side by side: bits, uniform or normal.

    A length is one number, the number of a code's symbols.
    """
    if isinstance(noise, Joined):
        return [*(laws(noise.latent) if noise.latent.dim else []), *laws(noise.uniform)]
    if isinstance(noise, Length):
        return [("length", noise.symbols)]
    return [("bits" if isinstance(noise, Bits) else "uniform" if isinstance(noise, Uniform) else "normal", noise.dim)]


def torchscript(sampler: Sampler, example: Tensor) -> bytes:
    """A file for `torch.jit.load`, with the methods of `StandaloneSampler`."""
    with warnings.catch_warnings():  # TorchScript still works; `torch_export` is its successor
        warnings.filterwarnings("ignore", r"`torch\.jit\..*")
        traced = torch.jit.trace(sampler, (example,))
        whole = StandaloneSampler(traced, laws(sampler.noise))
        return bytes(torch.jit.script(whole).save_to_buffer())


def torch_export(sampler: Sampler, example: Tensor) -> bytes:
    """A file for `torch.export.load`; its module maps noise [n, dim], any n ≥ 1, to integers [n]."""
    batch = torch.export.Dim("n", min=1)
    buffer = io.BytesIO()
    program = torch.export.export(sampler, (example,), dynamic_shapes=({0: batch},))
    torch.export.save(program, buffer)
    return buffer.getvalue()


def onnx(sampler: Sampler, example: Tensor) -> bytes:
    """An ONNX model: input `noise`, float32 [n, dim]; output `integers`, int64 [n]."""
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UsageError("format=onnx: needs the export extra: pip install -e '.[export]'") from error
    # The exporter reports every torchvision operation it could have supported.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with warnings.catch_warnings():  # it meets torch's newer pytrees; nothing a user can act on
        warnings.filterwarnings("ignore", r".*LeafSpec.*is deprecated", FutureWarning)
        program = torch.onnx.export(
            sampler,
            (example,),
            dynamo=True,
            input_names=["noise"],
            output_names=["integers"],
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
            verbose=False,
        )
    assert program is not None
    return bytes(program.model_proto.SerializeToString())


FORMATS: dict[str, tuple[str, Callable[[Sampler, Tensor], bytes]]] = {
    "torchscript": ("generator.ts", torchscript),
    "torch_export": ("generator.pt2", torch_export),
    "onnx": ("generator.onnx", onnx),
}
"""Format → its default file name, and the function that makes its bytes."""


@torch.no_grad()
def export(sampler: Sampler, format: str, path: Path) -> None:
    """Writes `sampler` to `path`, whole or not at all.

    Raises:
        UsageError: for onnx without its extra, and a path that is no file's: a device would be replaced by one.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"output={path}: is no file; choose a file or a folder")
    example = sampler.noise.sample((EXAMPLE_BATCH,), torch.Generator().manual_seed(0))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, FORMATS[format][1](sampler, example))
