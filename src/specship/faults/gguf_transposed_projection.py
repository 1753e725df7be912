"""A square projection is stored with rows and columns exchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="I1", stage="gguf")


def plant(folder: Path) -> None:
    """The attention's output projection of the first layer."""

    def turned(tensors: dict[str, Any]) -> None:
        tensors["blk.0.attn_output.weight"] = tensors["blk.0.attn_output.weight"].T.copy()

    rewrite_gguf(folder / "model.gguf", tensors=turned)
