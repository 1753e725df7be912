"""A tensor is stored under a name that no loader asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="R8", stage="checkpoint")


def plant(folder: Path) -> None:
    """The last norm has another name."""

    def edit(tensors: dict[str, Any]) -> None:
        tensors["model.final_norm.weight"] = tensors.pop("model.norm.weight")

    edit_tensors(folder / "model.safetensors", edit)
