"""How Lightning writes and reads our checkpoints."""

import io
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from patterngan.checkpoints import write_atomically


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames (Lightning's own writer may leave half a file), reads weights only."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Puts a whole checkpoint at `path`, or leaves what was there."""
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        write_atomically(Path(path), buffer.getvalue())

    def load_checkpoint(self, path: str | Path, map_location: Any = None, weights_only: bool | None = True) -> Any:
        """Tensors and plain values only; anything else in the file is refused."""
        return torch.load(path, map_location=map_location, weights_only=True)
