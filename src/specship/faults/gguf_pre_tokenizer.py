"""The GGUF names another way of cutting text before bytes are merged."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="T5", stage="gguf")


def plant(folder: Path) -> None:
    """That of llama.cpp's default."""
    rewrite_gguf(folder / "model.gguf", keys={"tokenizer.ggml.pre": lambda _: "default"})
