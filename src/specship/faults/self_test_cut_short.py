"""Of each kind of completion the harness was tested on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="E8", stage="harness")


def plant(folder: Path) -> None:
    """Of each kind the first is left."""

    def edit(document: dict[str, Any]) -> None:
        first = {one["kind"]: one for one in reversed(document["results"])}
        document["results"] = list(first.values())

    edit_json(folder / "self-test.json", edit)
