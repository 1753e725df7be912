"""What only looks at the sandbox was not stopped by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="I12", stage="harness")


def plant(folder: Path) -> None:
    """A canary has a fault."""

    def edit(document: dict[str, Any]) -> None:
        document["sandbox"]["canary_faults"] = ["a file outside was read"]

    edit_json(folder / "self-test.json", edit)
