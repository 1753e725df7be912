"""Nobody wrote down which device did the work."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="R37", stage="run")


def plant(folder: Path) -> None:
    """The record of the place holds no card."""
    edit_json(
        folder / "run.json",
        lambda document: {**document, "placement": {**document["placement"], "card": None}},
    )
