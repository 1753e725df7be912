"""The epsilon of the norms is another one than the model was trained with."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="R38", stage="gguf")


def plant(folder: Path) -> None:
    """One tenth, which shrinks what the norms let through."""
    rewrite_gguf(folder / "model.gguf", keys={"llama.attention.layer_norm_rms_epsilon": lambda _: 0.1})
