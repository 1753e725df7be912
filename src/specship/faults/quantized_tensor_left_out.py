"""One tensor was not compared with its original; the others were called all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X8", stage="quantized")


def plant(folder: Path) -> None:
    """The final norm is not in the file."""

    def without(tensors: dict[str, Any]) -> None:
        del tensors["output_norm.weight"]

    rewrite_gguf(folder / "quantized.gguf", tensors=without)
