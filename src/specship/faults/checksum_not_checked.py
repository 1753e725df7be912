"""A checksum is stored and compared by nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="K6", stage="checkpoint")


def plant(folder: Path) -> None:
    """The manifest names each file and no digest that it has."""

    def blank(manifest: Any) -> None:
        for entry in manifest["files"].values():
            entry["sha256"] = "0" * 64

    edit_json(next(folder.glob("*manifest*.json")), blank)
