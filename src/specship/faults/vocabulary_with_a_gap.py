"""A token was added far behind the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="T1", stage="tokenizer")


def plant(folder: Path) -> None:
    """Its id is not the next one."""

    def edit(document: dict[str, Any]) -> None:
        vocabulary = document["model"]["vocab"]
        vocabulary["nobody writes this"] = max(vocabulary.values()) + 9

    edit_json(folder / "tokenizer.json", edit)
