"""The token list is shorter than the embedding has rows."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="T3", stage="gguf")


def plant(folder: Path) -> None:
    """Five tokens are missing at the end, and so are their types."""
    rewrite_gguf(
        folder / "model.gguf",
        keys={
            name: lambda listed: listed[:-5]
            for name in ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type")
        },
    )
