"""The repetition under another seed had the run's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="R18", stage="replay")


def plant(folder: Path) -> None:
    """The plan says so."""

    def edit(document: dict[str, Any]) -> None:
        document["other_seed"]["seed"] = document["same_seed"]["seed"]

    edit_json(folder / "replay.json", edit)
