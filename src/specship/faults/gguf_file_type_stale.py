"""The header announces another number type than the tensors have."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X5", stage="gguf")


def plant(folder: Path) -> None:
    """F16 is announced, F32 is stored."""
    rewrite_gguf(folder / "model.gguf", keys={"general.file_type": lambda _: 1})
