"""Rows of quantized queries stand in the order of another rotary layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X4", stage="quantized")


def plant(folder: Path) -> None:
    """Even rows first, then the odd ones; a row of blocks is moved as a whole."""
    import numpy as np

    def halves(tensors: dict[str, Any]) -> None:
        rows = tensors["blk.0.attn_q.weight"]
        tensors["blk.0.attn_q.weight"] = np.concatenate([rows[0::2], rows[1::2]])

    rewrite_gguf(folder / "quantized.gguf", tensors=halves)
