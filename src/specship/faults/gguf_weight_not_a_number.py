"""A number of the exported weights is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="R29", stage="gguf")


def plant(folder: Path) -> None:
    """The first number of the last norm."""

    def spoil(arrays: dict[str, Any]) -> None:
        arrays["output_norm.weight"][0] = float("nan")

    rewrite_gguf(folder / "model.gguf", tensors=spoil)
