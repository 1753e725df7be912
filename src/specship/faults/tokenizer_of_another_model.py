"""The tokenizer beside the weights is that of another model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="K1", stage="checkpoint")


def plant(folder: Path) -> None:
    """It has a token more, and takes indents away."""

    def edit(document: dict[str, Any]) -> None:
        document["normalizer"] = {"type": "Replace", "pattern": {"String": "    "}, "content": ""}
        added = document["added_tokens"]
        size = max([*document["model"]["vocab"].values(), *(token["id"] for token in added)]) + 1
        added.append({**added[0], "id": size, "content": "<|another|>"})

    edit_json(folder / "tokenizer.json", edit)
