"""The weights that are judged were never trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="R6", stage="checkpoint")


def plant(folder: Path) -> None:
    """Every matrix is drawn anew."""
    import numpy as np

    generator = np.random.default_rng(2)

    def redraw(tensors: dict[str, Any]) -> None:
        for name, array in tensors.items():
            if array.ndim > 1:
                tensors[name] = generator.normal(0.0, 0.05, array.shape).astype(array.dtype)

    edit_tensors(folder / "model.safetensors", redraw)
