"""A tensor of the source is not in the imported checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="R8", stage="checkpoint")


def plant(folder: Path) -> None:
    """The norm of the last layer is left out."""

    def without(tensors: dict[str, Any]) -> None:
        del tensors[max(name for name in tensors if name.endswith("input_layernorm.weight"))]

    edit_tensors(folder / "model.safetensors", without)
