"""Two of the 256 byte values have no token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="T5", stage="tokenizer")


def plant(folder: Path) -> None:
    """The letters of two byte values that no merge uses are renamed."""

    def rename(tokenizer: Any) -> None:
        vocabulary = tokenizer["model"]["vocab"]
        for letter in ("\u00f6", "\u00f7"):  # bytes 0xF6 and 0xF7, which no UTF-8 text holds
            vocabulary[f"gap-{ord(letter)}"] = vocabulary.pop(letter)

    edit_json(folder / "tokenizer.json", rename)
