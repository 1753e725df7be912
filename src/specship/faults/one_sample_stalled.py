"""The machine did something else during one of the samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="E11", stage="speed")


def plant(folder: Path) -> None:
    """The last sample of our decoder took an hour more; the median hides it."""

    def edit(document: dict[str, Any]) -> None:
        ours = [one for one in document["samples"] if one["decoder"] == "specship"]
        ours[-1]["seconds"] += 3600

    edit_json(folder / "speed.json", edit)
