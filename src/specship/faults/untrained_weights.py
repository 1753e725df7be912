"""The weights that are judged were never trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="R19", stage="checkpoint")


def plant(folder: Path) -> None:
    """Every matrix is drawn anew."""
    import torch

    generator = torch.Generator().manual_seed(2)

    def redraw(tensors: dict[str, Any]) -> None:
        for name, tensor in tensors.items():
            if tensor.ndim > 1:
                drawn = torch.randn(tensor.shape, generator=generator) * 0.05
                tensors[name] = drawn.to(tensor.dtype)

    edit_tensors(folder / "model.safetensors", redraw)
