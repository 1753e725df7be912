"""The published weights are not the ones that were measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_tensors, relist
from specship.faults.fault import Fault

FAULT = Fault(row="P10", stage="publication")


def plant(folder: Path) -> None:
    """The embedding is turned over, and the manifest written after it."""

    def turned(tensors: dict[str, Any]) -> None:
        tensors["model.embed_tokens.weight"] = tensors["model.embed_tokens.weight"].flip(0)

    edit_tensors(folder / "model.safetensors", turned)
    relist(folder)
