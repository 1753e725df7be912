"""What was read back comes from another folder."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="P2", stage="readback")


def plant(folder: Path) -> None:
    """One file, which nobody published."""
    edit_json(
        folder / "readback.json",
        lambda document: {**document, "files": [{**document["files"][0], "name": "elsewhere.txt"}]},
    )
