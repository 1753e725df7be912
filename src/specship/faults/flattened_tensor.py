"""A matrix is stored as one long row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="K5", stage="checkpoint")


def plant(folder: Path) -> None:
    """The attention's output projection of the first layer."""

    def flat(tensors: dict[str, Any]) -> None:
        name = "model.layers.0.self_attn.o_proj.weight"
        tensors[name] = tensors[name].reshape(-1)

    edit_tensors(folder / "model.safetensors", flat)
