"""The first weights are all zero, so that the loss does not depend on the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="R7", stage="run")


def plant(folder: Path) -> None:
    """Every tensor of the initial checkpoint is zero."""

    def edit(tensors: dict[str, Any]) -> None:
        for tensor in tensors.values():
            tensor.zero_()

    edit_tensors(next((folder / "checkpoints").glob("step-000000")) / "model.safetensors", edit)
