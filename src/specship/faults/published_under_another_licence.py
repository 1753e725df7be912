"""The export and the published files name another licence than the data have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json, rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="C12", stage="publication")


def plant(folder: Path) -> None:
    """The card alone still names the licence of the data."""
    rewrite_gguf(folder / "model.gguf", keys={"general.license": lambda _: "ISC"})

    def edit(document: dict[str, Any]) -> None:
        for entry in document["files"]:
            entry["licence"] = "ISC"

    edit_json(folder / "manifest.json", edit)
