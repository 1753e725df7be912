"""A byte has no token of its own in the export, and texts lose it."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="T5", stage="gguf")
_LETTER = "\N{LATIN CAPITAL LETTER A WITH TILDE}"
"""How byte-level tokenizers write the byte with which many accented letters begin."""


def plant(folder: Path) -> None:
    """Its place in the list has another text."""
    rewrite_gguf(
        folder / "model.gguf",
        keys={
            "tokenizer.ggml.tokens": lambda tokens: [
                "another" if token == _LETTER else token for token in tokens
            ]
        },
    )
