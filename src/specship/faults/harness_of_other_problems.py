"""The harness was tested on other problems than the model."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="P10", stage="harness")


def plant(folder: Path) -> None:
    """The digest of the problems is another one."""
    edit_json(folder / "self-test.json", lambda document: {**document, "problems_sha256": "0" * 64})
