"""A layer of the checkpoint is not in the export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X8", stage="gguf")


def plant(folder: Path) -> None:
    """No tensor of the second layer is there."""

    def drop(arrays: dict[str, Any]) -> None:
        for name in [name for name in arrays if name.startswith("blk.1.")]:
            del arrays[name]

    rewrite_gguf(folder / "model.gguf", tensors=drop)
