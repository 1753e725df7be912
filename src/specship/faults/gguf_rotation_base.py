"""The rotary base is another one than the model was trained with."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="R38", stage="gguf")


def plant(folder: Path) -> None:
    """A base of a hundred."""
    rewrite_gguf(folder / "model.gguf", keys={"llama.rope.freq_base": lambda _: 100.0})
