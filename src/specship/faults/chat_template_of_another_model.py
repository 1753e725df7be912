"""The template renders as another model's does."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="E2", stage="gguf")


def plant(folder: Path) -> None:
    """Turns begin with another mark."""
    rewrite_gguf(
        folder / "model.gguf",
        keys={"tokenizer.chat_template": lambda text: text.replace("<|im_start|>", "<|turn|>")},
    )
