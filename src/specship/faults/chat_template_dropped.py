"""The export has no chat template, and everybody who runs it guesses one."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="E2", stage="gguf")


def plant(folder: Path) -> None:
    """The key is left out."""
    rewrite_gguf(folder / "model.gguf", keys={"tokenizer.chat_template": lambda _: None})
