"""The tokenizer composes characters, so that texts do not come back."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="T4", stage="tokenizer")


def plant(folder: Path) -> None:
    """Texts are normalised to NFC before they are encoded."""
    edit_json(folder / "tokenizer.json", lambda tokenizer: tokenizer | {"normalizer": {"type": "NFC"}})
