"""A tensor of the checkpoint is not in the export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X8", stage="gguf")


def plant(folder: Path) -> None:
    """The norm of the first layer's feed-forward part is left out."""

    def without(tensors: dict[str, Any]) -> None:
        del tensors["blk.0.ffn_norm.weight"]

    rewrite_gguf(folder / "model.gguf", tensors=without)
