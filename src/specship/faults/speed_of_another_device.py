"""The speed was taken on another device."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="E9", stage="speed")


def plant(folder: Path) -> None:
    """The record names it."""
    edit_json(folder / "speed.json", lambda document: {**document, "device": "mps"})
